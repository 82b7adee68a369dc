using RnnGpu.Core;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<CrossEntropyParams> _crossEntropyWarp = new("cross_entropy", "cross_entropy_warp_f32");
    private readonly Kernel<CrossEntropyParams> _crossEntropyBlock = new("cross_entropy", "cross_entropy_block_f32");

    /// <inheritdoc/>
    public void SoftmaxCrossEntropy(
        in TensorView x, in TensorView targets, in TensorView weights, float smoothing, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        IndexLimit limit = Check.SoftmaxCrossEntropy(x, targets, weights, smoothing, scale, loss, dx);
        long rows = x.Shape.Rows;
        if (rows == 0) { return; }
        RowLaunch launch = RowsOf(rows, x.Shape.Columns, kept: 1);
        LaunchRows(launch, _crossEntropyWarp, _crossEntropyBlock, new CrossEntropyParams
        {
            X = Pointer(x),
            Targets = Pointer(targets),
            Weights = Pointer(weights),
            Scale = dx.IsEmpty ? 0 : Pointer(scale),
            Loss = Pointer(loss),
            Dx = Pointer(dx),
            Fault = _faults.Arm(limit),
            Rows = rows,
            Columns = x.Shape.Columns,
            Kept = launch.Kept,
            Smoothing = smoothing,
        });
    }
}
