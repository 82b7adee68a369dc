using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>A loss that compares element by element.</summary>
public abstract class ElementwiseLoss : Loss
{
    private readonly ElementLoss _kind;

    private protected ElementwiseLoss(ElementLoss kind, Reduction reduction)
        : base(reduction)
    {
        _kind = kind;
    }

    /// <inheritdoc/>
    /// <param name="predictions"><c>[..]</c>, any shape.</param>
    /// <param name="targets">Floats of the same shape.</param>
    /// <param name="weights">
    /// Of the same shape; or one for each row, <c>[..]</c> for predictions <c>[.., C]</c>; or any shape that broadcasts; or the default tensor.
    /// </param>
    public override Tensor Forward(Tensor predictions, Tensor targets, Tensor weights = default)
    {
        string name = GetType().Name;
        TensorSlot x = predictions.Float(name), t = targets.Float(name);
        Operands.SameDevice(x, t, name);
        if (x.Shape != t.Shape) { throw new ArgumentException($"{name}: predictions {x.Shape} and targets {t.Shape} must have one shape"); }
        CheckConstant(t, "targets");
        Device device = x.Device;
        long count = x.View.Length;
        Storage? spread = null;
        TensorView weight = weights.IsEmpty ? default : Spread(weights.Float(name), x, name, out spread);
        Storage scale = Scale(device, default, weight, count, out int at);
        Storage losses = device.Pool.Lease(count * sizeof(float));
        Storage? gradient = device.Records(x) ? device.Pool.Lease(count * sizeof(float)) : null;
        device.Backend.ElementwiseLoss(
            _kind, x.View, t.View, weight, new TensorView(scale.Buffer, at, new Shape(1)),
            new TensorView(losses.Buffer, 0, x.Shape), gradient is null ? default : new TensorView(gradient.Buffer, 0, x.Shape));
        if (spread is not null) { device.Pool.Release(spread); }
        return Reduce(x, losses, count, scale, at, gradient);
    }

    /// <summary>Weights in the predictions' shape; in a new block where they had to be repeated.</summary>
    private static TensorView Spread(TensorSlot weights, TensorSlot x, string name, out Storage? spread)
    {
        CheckConstant(weights, "weights");
        spread = null;
        Shape shape = weights.Shape;
        if (shape == x.Shape) { return weights.View.Flat(); }
        if (x.Shape.Rank > 0 && shape == x.Shape.Without(x.Shape.Rank - 1)) { shape = shape.Append(1); }
        if (Operands.Broadcast(shape, x.Shape, name) != x.Shape)
        {
            throw new ArgumentException($"{name}: weights {weights.Shape} do not broadcast to predictions {x.Shape}");
        }

        spread = x.Device.Pool.Lease(x.View.Length * sizeof(float));
        var view = new TensorView(spread.Buffer, 0, x.Shape);
        x.Device.Backend.CopyStrided(
            weights.View, Operands.BroadcastStrides(shape, x.Shape), x.Shape, accumulate: false, view, Strides.Contiguous(x.Shape));
        return view.Flat();
    }
}

/// <summary>Mean squared error: <c>(x - t)²</c>.</summary>
public sealed class Mse(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.SquaredError, reduction);

/// <summary>Mean absolute error: <c>|x - t|</c>, slope 0 at 0.</summary>
public sealed class Mae(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.AbsoluteError, reduction);

/// <summary>
/// Binary cross-entropy of logits x with targets t in 0..1: <c>-t log sigmoid(x) - (1-t) log(1 - sigmoid(x))</c>, computed as
/// <c>max(x,0) - x t + log(1 + exp(-|x|))</c>.
/// </summary>
public sealed class BinaryCrossEntropy(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.BinaryCrossEntropy, reduction);
