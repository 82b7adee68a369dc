using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<DropoutParams> _dropout = new("dropout", "dropout_f32");

    /// <inheritdoc/>
    public void Dropout(in TensorView x, float probability, RandomKey key, long first, in TensorView y)
    {
        Check.Dropout(x, probability, first, y);
        if (probability == 0)
        {
            Copy(x, y);
            return;
        }

        if (x.Length == 0) { return; }

        // a thread a block of four numbers, the one that holds the first among them
        long threads = ((first + x.Length - 1) / 4) - (first / 4) + 1;
        _queue.Launch(_dropout, GridOver(threads), new Dim3(DefaultThreads), 0, new DropoutParams
        {
            X = Pointer(x),
            Y = Pointer(y),
            Count = x.Length,
            Seed = key.Seed,
            Step = key.Step,
            First = (ulong)first,
            Site = key.Site,
            Probability = probability,
            Scale = 1f / (1f - probability),
        });
    }
}
