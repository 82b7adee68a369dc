using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Classification;

/// <summary>Each feature's mean and deviation in the training part: <c>z = (x - mean) / deviation</c>. A feature that never changes becomes 0.</summary>
public sealed class Scaling
{
    private readonly double[] _means;
    private readonly double[] _factors;

    private Scaling(double[] means, double[] factors)
    {
        _means = means;
        _factors = factors;
    }

    /// <summary>F.</summary>
    public int Features => _means.Length;

    /// <summary>Fitted on rows of F numbers.</summary>
    /// <param name="rows">All of them; gone through twice.</param>
    /// <param name="features">F.</param>
    public static Scaling Of(IEnumerable<ReadOnlyMemory<double>> rows, int features)
    {
        double[] means = new double[features], squares = new double[features];
        long count = 0;
        foreach (ReadOnlyMemory<double> row in rows)
        {
            for (int f = 0; f < features; f++) { means[f] += row.Span[f]; }
            count++;
        }

        for (int f = 0; f < features; f++) { means[f] /= Math.Max(1, count); }
        foreach (ReadOnlyMemory<double> row in rows)
        {
            for (int f = 0; f < features; f++) { squares[f] += (row.Span[f] - means[f]) * (row.Span[f] - means[f]); }
        }

        return new Scaling(means, [.. squares.Select(sum => sum <= 1e-12 * Math.Max(1, count) ? 0 : 1 / Math.Sqrt(sum / count))]);
    }

    /// <summary>A number, scaled.</summary>
    public float Apply(int feature, double value) => (float)((value - _means[feature]) * _factors[feature]);

    /// <summary>For a checkpoint's section.</summary>
    public JsonObject ToJson() => new()
    {
        ["means"] = new JsonArray([.. _means.Select(CheckpointSection.Number)]),
        ["factors"] = new JsonArray([.. _factors.Select(CheckpointSection.Number)]),
    };

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static Scaling Read(CheckpointSection section)
    {
        double[] means = section.Doubles("means"), factors = section.Doubles("factors");
        return means.Length == factors.Length && means.Length > 0 && means.Concat(factors).All(double.IsFinite)
            ? new Scaling(means, factors)
            : throw section.Bad("factors", "as many finite numbers as there are means");
    }
}
