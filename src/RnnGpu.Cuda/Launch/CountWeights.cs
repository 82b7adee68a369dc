using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private const int CountThreads = 1024;

    private readonly Kernel<CountWeightsParams> _countWeights = new("totals", "count_weights_f32");

    /// <inheritdoc/>
    public void CountWeights(in TensorView targets, in TensorView weights, long rows, in TensorView y)
    {
        Check.CountWeights(targets, weights, rows, y);
        _queue.Launch(_countWeights, new Dim3(1), new Dim3(CountThreads), 0, new CountWeightsParams
        {
            Targets = Pointer(targets),
            Weights = Pointer(weights),
            Y = Pointer(y),
            Rows = rows,
        });
    }
}
