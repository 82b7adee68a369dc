using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>A loss that compares element by element.</summary>
public abstract class ElementwiseLoss : Loss
{
    private readonly ElementLoss _kind;

    // Kept, since the runtime's own copy goes with a collection, and asking for it again would allocate.
    private readonly string _name;

    private protected ElementwiseLoss(ElementLoss kind, Reduction reduction)
        : base(reduction)
    {
        _kind = kind;
        _name = GetType().Name;
    }

    /// <inheritdoc/>
    /// <param name="predictions"><c>[..]</c>, any shape.</param>
    /// <param name="targets">Floats of the same shape.</param>
    /// <param name="weights">
    /// Of the same shape; or one for each row, <c>[..]</c> for predictions <c>[.., C]</c>; or any shape that broadcasts; or the default tensor.
    /// </param>
    public override Tensor Forward(Tensor predictions, Tensor targets, Tensor weights = default)
    {
        string name = _name;
        TensorSlot x = predictions.Float(name), t = targets.Float(name);
        Operands.SameDevice(x, t, name);
        if (x.Shape != t.Shape) { throw new ArgumentException($"{name}: predictions {x.Shape} and targets {t.Shape} must have one shape"); }
        CheckConstant(t, "targets");
        Device device = x.Device;
        Tensor weight = weights.IsEmpty ? default : Spread(weights.Float(name), x, name);
        TensorView w = weight.IsEmpty ? default : weight.View.Flat();
        Tensor scale = Scale(device, default, w, x.View.Length);
        Tensor losses = device.NewTensor(x.Shape);
        Tensor gradient = device.Records(x) ? device.NewTensor(x.Shape) : default;
        device.Backend.ElementwiseLoss(
            _kind, x.View, t.View, w, scale.View, losses.View, gradient.IsEmpty ? default : gradient.View);
        if (!weight.IsEmpty) { weight.Release(); }
        return Reduce(x, losses, scale, gradient);
    }

    /// <summary>Weights in the predictions' shape: a view, or repeated into a new tensor.</summary>
    private static Tensor Spread(TensorSlot weights, TensorSlot x, string name)
    {
        CheckConstant(weights, "weights");
        Shape shape = weights.Shape;
        if (shape == x.Shape) { return x.Device.NewView(weights, weights.View); }
        if (x.Shape.Rank > 0 && shape == x.Shape.Without(x.Shape.Rank - 1)) { shape = shape.Append(1); }
        if (Operands.Broadcast(shape, x.Shape, name) != x.Shape)
        {
            throw new ArgumentException($"{name}: weights {weights.Shape} do not broadcast to predictions {x.Shape}");
        }

        Tensor spread = x.Device.NewTensor(x.Shape);
        x.Device.Backend.CopyStrided(
            weights.View, Operands.BroadcastStrides(shape, x.Shape), x.Shape, accumulate: false, spread.View, Strides.Contiguous(x.Shape));
        return spread;
    }
}
