using System.Text.Json.Nodes;
using RnnGpu.Cli.Charts;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Cli.Training;

/// <summary>Losses of a run so far, as drawn in its learning curve. Part of a checkpoint, so that a resumed run goes on with it.</summary>
internal sealed class RunHistory
{
    private readonly List<CurvePoint> _training = [];
    private readonly List<CurvePoint> _validation = [];
    private double _sum;
    private int _count;

    /// <summary>Mean training loss over the steps since the point before.</summary>
    public IReadOnlyList<CurvePoint> Training => _training;

    /// <summary>Validation losses.</summary>
    public IReadOnlyList<CurvePoint> Validation => _validation;

    /// <summary>Best validation so far, or null.</summary>
    public CurvePoint? Best { get; private set; }

    /// <summary>Adds a step's training loss; every <paramref name="interval"/> steps it makes a point.</summary>
    public void AddTraining(long step, double loss, int interval)
    {
        _sum += loss;
        _count++;
        if (step % interval != 0) { return; }
        _training.Add(new CurvePoint(step, _sum / _count));
        (_sum, _count) = (0, 0);
    }

    /// <summary>Adds a validation loss.</summary>
    /// <returns>Whether it is the best so far.</returns>
    public bool AddValidation(long step, double loss)
    {
        _validation.Add(new CurvePoint(step, loss));
        bool better = Best is not { } best || loss < best.Loss;
        if (better) { Best = new CurvePoint(step, loss); }
        return better;
    }

    /// <summary>The learning curve.</summary>
    public LearningCurve Curve(string title) => LearningCurve.Of(title, _training, _validation);

    /// <summary>As a section of a manifest.</summary>
    public JsonObject ToJson() => new()
    {
        ["training_steps"] = Steps(_training),
        ["training_losses"] = Losses(_training),
        ["pending_sum"] = CheckpointSection.Number(_sum),
        ["pending_count"] = _count,
        ["validation_steps"] = Steps(_validation),
        ["validation_losses"] = Losses(_validation),
    };

    /// <summary>Reads the section back.</summary>
    /// <exception cref="CheckpointException">A field is missing or wrong.</exception>
    public static RunHistory Read(CheckpointSection section, string where)
    {
        var history = new RunHistory { _sum = section.Double("pending_sum"), _count = section.Int32("pending_count") };
        history._training.AddRange(Points(section, "training", where));
        foreach (CurvePoint point in Points(section, "validation", where)) { history.AddValidation(point.Step, point.Loss); }
        return history;
    }

    private static IEnumerable<CurvePoint> Points(CheckpointSection section, string name, string where)
    {
        long[] steps = section.Int64s($"{name}_steps");
        double[] losses = section.Doubles($"{name}_losses");
        return steps.Length == losses.Length
            ? steps.Zip(losses, (step, loss) => new CurvePoint(step, loss))
            : throw new CheckpointException(where, $"its history has {steps.Length} {name} steps but {losses.Length} losses", "Use another checkpoint");
    }

    private static JsonArray Steps(List<CurvePoint> points) => new([.. points.Select(point => (JsonNode)point.Step)]);

    private static JsonArray Losses(List<CurvePoint> points) => new([.. points.Select(point => CheckpointSection.Number(point.Loss))]);
}
