using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// The largest element over time: <c>y[b, f] = max x[t, b, f]</c> over <c>t &lt; lengths[b]</c>; 0, and no gradient, for a row of length 0. Of equal
    /// elements the first gets the gradient.
    /// </summary>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T; default: all T.</param>
    /// <returns><c>[B, F]</c> for x <c>[T, B, F]</c>.</returns>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit.</exception>
    public Tensor MaxOverTime(Tensor lengths = default)
    {
        TensorSlot x = this.Float(nameof(MaxOverTime));
        TensorSlot? rows = lengths.IsEmpty ? null : lengths.Int(nameof(MaxOverTime), nameof(lengths));
        if (x.Shape.Rank != 3 || x.Shape[0] == 0 || (rows is not null && rows.Shape != new Shape(x.Shape[1])))
        {
            throw new ArgumentException(
                $"{nameof(MaxOverTime)} takes [T, B, F] with at least one step, and lengths [B], not {x.Shape}{(rows is null ? "" : $" and {rows.Shape}")}");
        }

        Device device = x.Device;
        Shape pooled = x.Shape.Without(0);
        Tensor y = device.NewTensor(pooled), steps = device.NewTensor(pooled, DType.I32);
        device.Backend.MaxOverTime(x.View, rows?.View ?? default, y.View, steps.View);
        if (device.Records(x)) { device.Tape.Record<MaxOverTimeNode>().Set(x, steps.Slot, y); }
        steps.Release();
        return y;
    }
}

internal sealed class MaxOverTimeNode : TapeNode
{
    public void Set(TensorSlot x, TensorSlot steps, Tensor y)
    {
        AddInput(x);
        AddInput(steps);
        AddOutput(y);
    }

    public override void Backward()
    {
        Backend.MaxOverTimeBackward(Dy, X(1), BeginAssign(0));
        EndAssign(0);
    }
}
