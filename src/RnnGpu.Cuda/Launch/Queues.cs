using RnnGpu.Core;
using RnnGpu.Cuda.Streams;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Rows from which a product makes good use of a large GPU.</summary>
    private const int ChunkRows = 8192;

    /// <summary>Chunks of a training pass: each costs launches, more of them let weights' gradients run beside more of the loop.</summary>
    private const int MostChunks = 4;

    /// <inheritdoc/>
    public int SideQueues => CudaQueue.Sides;

    /// <inheritdoc/>
    public void Fork(int side) => _queue.Fork(side);

    /// <inheritdoc/>
    public void Return() => _queue.Return();

    /// <inheritdoc/>
    public void Join(int side) => _queue.Join(side);

    /// <inheritdoc/>
    /// <remarks>Training keeps the activations of all steps anyway, inference those of a chunk: it gets as many steps as rows want, however many there are.</remarks>
    public int PreferredChunkSteps(RecurrentProblem problem)
    {
        int enough = (ChunkRows + problem.Batch - 1) / problem.Batch;
        return problem.Training ? Math.Max(enough, (problem.Steps + MostChunks - 1) / MostChunks) : enough;
    }
}
