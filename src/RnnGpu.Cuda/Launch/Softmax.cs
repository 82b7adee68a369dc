using RnnGpu.Core;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<SoftmaxParams> _softmaxWarp = new("softmax", "softmax_warp_f32");
    private readonly Kernel<SoftmaxParams> _softmaxBlock = new("softmax", "softmax_block_f32");
    private readonly Kernel<SoftmaxParams> _softmaxBackwardWarp = new("softmax", "softmax_backward_warp_f32");
    private readonly Kernel<SoftmaxParams> _softmaxBackwardBlock = new("softmax", "softmax_backward_block_f32");

    /// <inheritdoc/>
    public void Softmax(in TensorView x, in TensorView y)
    {
        Check.Softmax(x, y);
        if (x.Length == 0) { return; }
        RowLaunch launch = RowsOf(x.Shape.Rows, x.Shape.Columns, kept: 1);
        LaunchRows(launch, _softmaxWarp, _softmaxBlock, new SoftmaxParams
        {
            X = Pointer(x),
            Y = Pointer(y),
            Rows = x.Shape.Rows,
            Columns = x.Shape.Columns,
            Kept = launch.Kept,
        });
    }

    /// <inheritdoc/>
    public void SoftmaxBackward(in TensorView y, in TensorView dy, in TensorView dx)
    {
        Check.SoftmaxBackward(y, dy, dx);
        if (y.Length == 0) { return; }
        LaunchRows(RowsOf(y.Shape.Rows, y.Shape.Columns, kept: 0), _softmaxBackwardWarp, _softmaxBackwardBlock, new SoftmaxParams
        {
            X = Pointer(y),
            Y = Pointer(dy),
            Dx = Pointer(dx),
            Rows = y.Shape.Rows,
            Columns = y.Shape.Columns,
        });
    }
}
