using RnnGpu.Core;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<UnaryParams> _unary = new("elementwise", "unary_f32");
    private readonly Kernel<UnaryBackwardParams> _unaryBackward = new("elementwise", "unary_backward_f32");

    /// <inheritdoc/>
    public void Unary(UnaryOp op, float parameter, in TensorView x, in TensorView y)
    {
        Check.Unary(op, x, y);
        LaunchLinear(_unary, x.Length, new UnaryParams { X = Pointer(x), Y = Pointer(y), Count = x.Length, Op = op, Parameter = parameter });
    }

    /// <inheritdoc/>
    /// <remarks>x may be empty where the gradient needs only y (sigmoid, tanh, exp, square root), y where it needs only x.</remarks>
    public void UnaryBackward(
        UnaryOp op, float parameter, in TensorView x, in TensorView y, in TensorView dy, bool accumulate, in TensorView dx)
    {
        Check.UnaryBackward(op, x, y, dy, dx);
        LaunchLinear(_unaryBackward, dy.Length, new UnaryBackwardParams
        {
            X = Check.GradientNeedsX(op) ? Pointer(x) : 0,
            Y = Check.GradientNeedsY(op) ? Pointer(y) : 0,
            Dy = Pointer(dy),
            Dx = Pointer(dx),
            Count = dy.Length,
            Op = op,
            Parameter = parameter,
            Accumulate = accumulate ? 1 : 0,
        });
    }
}
