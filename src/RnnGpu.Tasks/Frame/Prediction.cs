using System.Text.Json.Nodes;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Frame;

/// <summary>A model's answer to one sample.</summary>
/// <param name="Text">For people and for pipes: one line or a few.</param>
/// <param name="Json">The same for programs.</param>
public readonly record struct Prediction(string Text, JsonObject Json);

/// <summary>What a prediction is asked for.</summary>
/// <param name="Inputs">Files or standard input; empty for a task that generates from nothing.</param>
/// <param name="Settings">Values of <see cref="LearningTask.PredictSettings"/>.</param>
public sealed record PredictionRequest(IReadOnlyList<TextSource> Inputs, Settings Settings)
{
    /// <summary>All lines of all inputs.</summary>
    public IEnumerable<TextLine> Lines() => TextLines.Read(Inputs);
}
