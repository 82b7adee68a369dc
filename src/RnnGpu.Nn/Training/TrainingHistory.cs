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

    internal void Restore(CheckpointSection section)
    {
        List<HistoryPoint> training = Read(section.Section("training")), validation = Read(section.Section("validation"));
        Replace(_training, training);
        Replace(_validation, validation);
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

    private static List<HistoryPoint> Read(CheckpointSection section)
    {
        long[] steps = section.Int64s(Steps);
        double[] losses = section.Doubles(Losses);
        if (steps.Length != losses.Length) { throw section.Bad(Losses, "as long as 'steps'"); }
        var points = new List<HistoryPoint>(steps.Length);
        for (int i = 0; i < steps.Length; i++) { points.Add(new HistoryPoint(steps[i], losses[i])); }
        return points;
    }

    private static void Replace(List<HistoryPoint> points, List<HistoryPoint> by)
    {
        points.Clear();
        points.AddRange(by);
    }
}
