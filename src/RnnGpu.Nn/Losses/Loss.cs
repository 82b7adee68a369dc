using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>How the losses of single elements or rows become one number.</summary>
public enum Reduction
{
    /// <summary>Sum of weighted losses divided by the sum of the weights that count (0 when none counts).</summary>
    Mean,

    /// <summary>Sum of weighted losses.</summary>
    Sum,
}

/// <summary>
/// A scalar that says how far predictions are from targets. Its gradient is computed together with its value; targets and
/// weights get none.
/// </summary>
public abstract class Loss
{
    private protected Loss(Reduction reduction)
    {
        Reduction = reduction;
    }

    /// <summary>How elements become one number.</summary>
    public Reduction Reduction { get; }

    /// <summary>The loss, a scalar to call <see cref="Tensor.Backward()"/> on.</summary>
    /// <param name="predictions">What the model says.</param>
    /// <param name="targets">What it should say.</param>
    /// <param name="weights">Factors of single losses (0 masks one out), or the default tensor for none.</param>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit.</exception>
    public abstract Tensor Forward(Tensor predictions, Tensor targets, Tensor weights = default);

    private protected static void CheckConstant(TensorSlot slot, string what)
    {
        if (slot.RequiresGrad)
        {
            throw new ArgumentException($"the {what} of a loss get no gradient, yet {slot.View} requires one; pass it with Detach()");
        }
    }

    /// <summary>
    /// Reduces losses to a scalar: <c>y = scale sum(losses)</c>. Takes over all three; <paramref name="gradient"/> is the default
    /// tensor when nothing is recorded.
    /// </summary>
    private protected static Tensor Reduce(TensorSlot x, Tensor losses, Tensor scale, Tensor gradient)
    {
        Device device = x.Device;
        Tensor y = device.NewTensor(Shape.Scalar);
        device.Backend.SumTo(losses.View, accumulate: false, y.View);
        device.Backend.Binary(BinaryOp.Multiply, y.View, scale.View.Reshape(Shape.Scalar), y.View);
        losses.Release();
        scale.Release();
        if (gradient.IsEmpty) { return y; }
        device.Tape.Record<LossNode>().Set(x, gradient.Slot, y);
        gradient.Release();
        return y;
    }

    /// <summary>The factor between the sum of losses and the result, one element.</summary>
    private protected Tensor Scale(Device device, in TensorView targets, in TensorView weights, long rows)
    {
        if (Reduction == Reduction.Sum) { return device.Full(new Shape(1), 1f); }
        Tensor both = device.NewTensor(new Shape(2));
        device.Backend.CountWeights(targets, weights, rows, both.View);
        Tensor scale = device.NewView(both.Slot, both.View.Slice(1, new Shape(1)));
        both.Release();
        return scale;
    }
}

/// <summary>A loss whose gradient was computed with its value; backward multiplies it by the loss's own gradient.</summary>
internal sealed class LossNode : TapeNode
{
    public void Set(TensorSlot x, TensorSlot gradient, Tensor y)
    {
        AddInput(x);
        AddInput(gradient);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView gradient = X(1);
        if (!Output(0).GradientIsOne) { Backend.Binary(BinaryOp.Multiply, gradient, Dy, gradient); }
        PassStored(stored: 1, input: 0);
    }
}
