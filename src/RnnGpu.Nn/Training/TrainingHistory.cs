using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>A loss at a step.</summary>
public readonly record struct HistoryPoint(long Step, double Loss);

/// <summary>The learning curve: figures that are equal in equal runs, saved with every checkpoint.</summary>
public sealed class TrainingHistory
{
    private const string Steps = "steps", Losses = "losses";

    private readonly List<HistoryPoint> _training = [];
    private readonly List<HistoryPoint> _validation = [];

    /// <summary>Mean training loss of the steps since the point before.</summary>
    public IReadOnlyList<HistoryPoint> Training => _training;

    /// <summary>Validation losses.</summary>
    public IReadOnlyList<HistoryPoint> Validation => _validation;

    internal void AddTraining(long step, double loss) => _training.Add(new HistoryPoint(step, loss));

    internal void AddValidation(long step, double loss) => _validation.Add(new HistoryPoint(step, loss));

    internal JsonObject Save() => new() { ["training"] = Save(_training), ["validation"] = Save(_validation) };

    /// <exception cref="CheckpointException">A field is missing or malformed.</exception>
    internal static TrainingHistory Read(CheckpointSection section)
    {
        var history = new TrainingHistory();
        Read(section.Section("training"), history._training);
        Read(section.Section("validation"), history._validation);
        return history;
    }

    private static JsonObject Save(List<HistoryPoint> points)
    {
        var steps = new JsonArray();
        var losses = new JsonArray();
        foreach (HistoryPoint point in points)
        {
            steps.Add((JsonNode)point.Step);
            losses.Add(CheckpointSection.Number(point.Loss));
        }

        return new JsonObject { [Steps] = steps, [Losses] = losses };
    }

    private static void Read(CheckpointSection section, List<HistoryPoint> points)
    {
        long[] steps = section.Int64s(Steps);
        double[] losses = section.Doubles(Losses);
        if (steps.Length != losses.Length) { throw section.Bad(Losses, "as long as 'steps'"); }
        for (int i = 0; i < steps.Length; i++) { points.Add(new HistoryPoint(steps[i], losses[i])); }
    }
}
