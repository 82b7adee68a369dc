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
    /// Reduces losses to a scalar: <c>y = scale sum(losses)</c>. Takes over the three blocks; <paramref name="gradient"/> null
    /// when not recorded.
    /// </summary>
    private protected static Tensor Reduce(TensorSlot x, Storage losses, long count, Storage scale, int scaleAt, Storage? gradient)
    {
        Device device = x.Device;
        Tensor y = device.NewTensor(Shape.Scalar);
        device.Backend.SumTo(new TensorView(losses.Buffer, 0, new Shape(checked((int)count))), accumulate: false, y.View);
        device.Backend.Binary(BinaryOp.Multiply, y.View, new TensorView(scale.Buffer, scaleAt, Shape.Scalar), y.View);
        device.Pool.Release(losses);
        device.Pool.Release(scale);
        if (gradient is not null) { device.Tape.Record<LossNode>().Set(x, gradient, y); }
        return y;
    }

    /// <summary>
    /// The factor between the sum of losses and the result: element <paramref name="at"/> of a new block.
    /// </summary>
    private protected Storage Scale(Device device, in TensorView targets, in TensorView weights, long rows, out int at)
    {
        Storage storage = device.Pool.Lease(2 * sizeof(float));
        var view = new TensorView(storage.Buffer, 0, new Shape(2));
        at = Reduction == Reduction.Mean ? 1 : 0;
        if (Reduction == Reduction.Mean) { device.Backend.CountWeights(targets, weights, rows, view); }
        else { device.Backend.Fill(1f, view); }
        return storage;
    }
}

/// <summary>A loss whose gradient was computed with its value; backward multiplies it by the loss's own gradient.</summary>
internal sealed class LossNode : TapeNode
{
    public void Set(TensorSlot x, Storage gradient, Tensor y)
    {
        AddInput(x);
        Save(gradient);
        AddOutput(y);
    }

    public override void Backward()
    {
        var gradient = new TensorView(Saved(0).Buffer, 0, X(0).Shape);
        if (!Output(0).GradientIsOne) { Backend.Binary(BinaryOp.Multiply, gradient, Dy, gradient); }
        PassSaved(0, input: 0);
    }
}
