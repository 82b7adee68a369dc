using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Cross-entropy of softmax(logits) with class indices:
/// <c>l = w ((1-e) (lse(x) - x[target]) + e (lse(x) - mean x))</c>, lse the log-sum-exp over the last axis, e the label smoothing and w the weight of
/// the row times that of its class.
/// </summary>
public sealed class SoftmaxCrossEntropy : Loss
{
    private readonly ClassWeights? _classWeights;

    /// <summary>A softmax cross-entropy.</summary>
    /// <param name="labelSmoothing">e, 0 to 1 (Szegedy et al. 2016).</param>
    /// <param name="reduction">Mean over the rows that count, divided by the sum of their weights, or sum.</param>
    /// <param name="classWeights">A factor of each class; empty: 1.</param>
    public SoftmaxCrossEntropy(float labelSmoothing = 0f, Reduction reduction = Reduction.Mean, ReadOnlySpan<float> classWeights = default)
        : base(reduction)
    {
        if (!(labelSmoothing is >= 0f and <= 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), $"label smoothing must be between 0 and 1, not {labelSmoothing}");
        }

        LabelSmoothing = labelSmoothing;
        if (!classWeights.IsEmpty) { _classWeights = new ClassWeights(classWeights); }
    }

    /// <summary>e.</summary>
    public float LabelSmoothing { get; }

    /// <inheritdoc/>
    /// <param name="predictions">Logits <c>[.., C]</c>.</param>
    /// <param name="targets">Integers <c>[..]</c> below C; a negative one masks its row out.</param>
    /// <param name="weights"><c>[..]</c>, or the default tensor.</param>
    public override Tensor Forward(Tensor predictions, Tensor targets, Tensor weights = default)
    {
        const string Name = nameof(SoftmaxCrossEntropy);
        TensorSlot x = predictions.Float(Name), t = targets.Int(Name, "targets");
        Operands.SameDevice(x, t, Name);
        CheckRows(Name, x, t, weights);
        _classWeights?.CheckClasses(x.Shape.Columns, Name);
        Device device = x.Device;
        long rows = x.Shape.Rows;
        Tensor rowWeights = _classWeights is null ? weights : _classWeights.OfRows(targets, weights);
        TensorView target = t.View.Flat(), weight = rowWeights.IsEmpty ? default : rowWeights.View.Flat();
        Tensor scale = Scale(device, target, weight, rows);
        Tensor losses = device.NewTensor(target.Shape);
        TensorView logits = x.View.Table();
        Tensor gradient = device.Records(x) ? device.NewTensor(logits.Shape) : default;
        device.Backend.SoftmaxCrossEntropy(
            logits, target, weight, LabelSmoothing, scale.View, losses.View, gradient.IsEmpty ? default : gradient.View);
        return Reduce(x, losses, scale, gradient);
    }
    /// <summary>Checks that there is a target for each row of logits, and a weight or none.</summary>
    internal static void CheckRows(string name, TensorSlot x, TensorSlot targets, Tensor weights)
    {
        TensorSlot? w = weights.IsEmpty ? null : weights.Float(name);
        long rows = x.Shape.Rows;
        if (x.Shape.Rank == 0 || x.Shape.Columns == 0 || targets.Shape.Length != rows || (w is not null && w.Shape.Length != rows))
        {
            throw new ArgumentException(
                $"{name}: logits {x.Shape} need one target for each of their {rows} rows, not {targets.Shape}"
                + (w is null ? "" : $", and one weight, not {w.Shape}"));
        }

        if (w is not null) { CheckConstant(w, "weights"); }
    }
}
