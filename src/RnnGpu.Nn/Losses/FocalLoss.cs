using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Focal loss of softmax(logits) with class indices (Lin et al. 2017): <c>l = -w (1 - p)^gamma log p</c>, p the target's probability: rows that are
/// right already count less. Gamma 0 is the cross-entropy. The gradient is
/// <c>dl/dx = w ((1 - p)^gamma - gamma p (1 - p)^(gamma-1) log p) (softmax(x) - onehot)</c>.
/// </summary>
public sealed class FocalLoss : Loss
{
    // Added to 1 - p before its logarithm: a p that rounds to 1 gives 0 and not NaN.
    private const float Tiny = 1e-30f;

    private readonly ClassWeights? _classWeights;

    /// <summary>A focal loss.</summary>
    /// <param name="gamma">0 or above; 2 in the paper.</param>
    /// <param name="reduction">Mean over the rows that count, divided by the sum of their weights, or sum.</param>
    /// <param name="classWeights">A factor of each class (the paper's alpha); empty: 1.</param>
    /// <exception cref="ArgumentException">A gamma or a weight out of range.</exception>
    public FocalLoss(float gamma = 2f, Reduction reduction = Reduction.Mean, ReadOnlySpan<float> classWeights = default)
        : base(reduction)
    {
        if (!(gamma >= 0f && float.IsFinite(gamma))) { throw new ArgumentOutOfRangeException(nameof(gamma), $"gamma must be 0 or above, not {gamma}"); }
        Gamma = gamma;
        if (!classWeights.IsEmpty) { _classWeights = new ClassWeights(classWeights); }
    }

    /// <summary>How much rows that are right already are held back.</summary>
    public float Gamma { get; }

    /// <inheritdoc/>
    /// <param name="predictions">Logits <c>[.., C]</c>.</param>
    /// <param name="targets">Integers <c>[..]</c> below C; a negative one masks its row out.</param>
    /// <param name="weights"><c>[..]</c>, or the default tensor.</param>
    public override Tensor Forward(Tensor predictions, Tensor targets, Tensor weights = default)
    {
        const string Name = nameof(FocalLoss);
        TensorSlot x = predictions.Float(Name), t = targets.Int(Name, "targets");
        Operands.SameDevice(x, t, Name);
        SoftmaxCrossEntropy.CheckRows(Name, x, t, weights);
        _classWeights?.CheckClasses(x.Shape.Columns, Name);
        Device device = x.Device;
        Tensor rowWeights = _classWeights is null ? weights : _classWeights.OfRows(targets, weights);
        TensorView target = t.View.Flat(), weight = rowWeights.IsEmpty ? default : rowWeights.View.Flat(), logits = x.View.Table();
        Tensor scale = Scale(device, target, weight, x.Shape.Rows);
        Tensor losses = device.NewTensor(target.Shape), factors = device.NewTensor(target.Shape);
        bool records = device.Records(x);
        Tensor gradient = records ? device.NewTensor(logits.Shape) : default;

        // The cross-entropy -w log p with its gradient, then both times the factors of each row.
        device.Backend.SoftmaxCrossEntropy(logits, target, default, 0f, scale.View, losses.View, records ? gradient.View : default);
        Modulate(device.Backend, losses.View, factors.View, device);
        if (records)
        {
            if (!weight.IsEmpty) { device.Backend.Binary(BinaryOp.Multiply, factors.View, weight, factors.View); }
            device.Backend.Binary(BinaryOp.Multiply, gradient.View, factors.View.Reshape(target.Shape.Append(1)), gradient.View);
        }

        if (!weight.IsEmpty) { device.Backend.Binary(BinaryOp.Multiply, losses.View, weight, losses.View); }
        factors.Release();
        return Reduce(x, losses, scale, gradient);
    }

    /// <summary>
    /// With l = -log p and q = 1 - p of each row: <c>factors = q^gamma + gamma p q^(gamma-1) l</c>, then <c>losses = q^gamma l</c>.
    /// </summary>
    /// <param name="losses"><c>[R]</c>: l, overwritten.</param>
    /// <param name="factors"><c>[R]</c>, assigned.</param>
    private void Modulate(IBackend backend, in TensorView losses, in TensorView factors, Device device)
    {
        Tensor p = device.NewTensor(losses.Shape), logQ = device.NewTensor(losses.Shape), power = device.NewTensor(losses.Shape);
        backend.Unary(UnaryOp.Negate, 0f, losses, p.View);
        backend.Unary(UnaryOp.Exp, 0f, p.View, p.View);
        backend.Unary(UnaryOp.Negate, 0f, p.View, logQ.View);
        backend.Unary(UnaryOp.Shift, 1f, logQ.View, logQ.View);
        backend.Unary(UnaryOp.Shift, Tiny, logQ.View, logQ.View);
        backend.Unary(UnaryOp.Log, 0f, logQ.View, logQ.View);

        // factors = gamma p q^(gamma-1) l
        backend.Unary(UnaryOp.Scale, Gamma - 1f, logQ.View, factors);
        backend.Unary(UnaryOp.Exp, 0f, factors, factors);
        backend.Binary(BinaryOp.Multiply, factors, p.View, factors);
        backend.Binary(BinaryOp.Multiply, factors, losses, factors);
        backend.Unary(UnaryOp.Scale, Gamma, factors, factors);

        // + q^gamma
        backend.Unary(UnaryOp.Scale, Gamma, logQ.View, power.View);
        backend.Unary(UnaryOp.Exp, 0f, power.View, power.View);
        backend.AddScaled(1f, power.View, 1f, factors);
        backend.Binary(BinaryOp.Multiply, losses, power.View, losses);
        p.Release();
        logQ.Release();
        power.Release();
    }
}
