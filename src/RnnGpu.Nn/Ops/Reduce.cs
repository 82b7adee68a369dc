using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Sum of all elements, a scalar.</summary>
    public Tensor Sum() => SumOver(axis: null, keepAxis: false, mean: false, nameof(Sum));

    /// <summary>Sum along one axis (counted from the end when negative), which disappears or is kept with size 1.</summary>
    public Tensor Sum(int axis, bool keepAxis = false) => SumOver(axis, keepAxis, mean: false, nameof(Sum));

    /// <summary>Mean of all elements, a scalar.</summary>
    public Tensor Mean() => SumOver(axis: null, keepAxis: false, mean: true, nameof(Mean));

    /// <summary>Mean along one axis (counted from the end when negative), which disappears or is kept with size 1.</summary>
    public Tensor Mean(int axis, bool keepAxis = false) => SumOver(axis, keepAxis, mean: true, nameof(Mean));

    /// <summary>Index of the largest element along the last axis (the first of equals): integers <c>[..]</c> for <c>[.., C]</c>.</summary>
    public Tensor ArgMax()
    {
        TensorSlot x = this.Float(nameof(ArgMax));
        int last = Operands.Axis(x.Shape, -1, nameof(ArgMax));
        if (x.Shape[last] == 0) { throw new ArgumentException($"ArgMax of {x.Shape}: the last axis is empty"); }
        Tensor y = x.Device.NewTensor(x.Shape.Without(last), DType.I32);
        x.Device.Backend.ArgMax(
            x.View.Table(), y.View.Flat());
        return y;
    }

    private Tensor SumOver(int? axis, bool keepAxis, bool mean, string operation)
    {
        TensorSlot x = this.Float(operation);
        Device device = x.Device;
        int index = axis is null ? -1 : Operands.Axis(x.Shape, axis.Value, operation);
        Shape kept = index < 0 ? Shape.Scalar : x.Shape.With(index, 1);
        long count = index < 0 ? x.Shape.Length : x.Shape[index];
        float scale = mean ? 1f / count : 1f;
        Tensor y = device.NewTensor(index < 0 || keepAxis ? kept : x.Shape.Without(index));
        TensorView sum = y.View.Reshape(kept);
        device.Backend.SumTo(x.View, accumulate: false, sum);
        if (mean) { device.Backend.Unary(UnaryOp.Scale, scale, sum, sum); }
        if (device.Records(x)) { device.Tape.Record<SumNode>().Set(x, kept, scale, y); }
        return y;
    }
}

internal sealed class SumNode : TapeNode
{
    private Shape _kept;
    private float _scale;

    public void Set(TensorSlot x, Shape kept, float scale, Tensor y)
    {
        _kept = kept;
        _scale = scale;
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dy = Dy.Reshape(_kept);
        if (_scale != 1f) { Backend.Unary(UnaryOp.Scale, _scale, dy, dy); }
        TensorView dx = Gradient(0, out bool accumulate);
        Shape shape = dx.Shape;
        Backend.CopyStrided(dy, Operands.BroadcastStrides(_kept, shape), shape, accumulate, dx, Strides.Contiguous(shape));
    }
}
