using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Bench;

/// <summary>
/// A form in which a recurrence can run. To add one: derive from this, say on what it runs, and name it in <see cref="All"/>; checking, timing and
/// reports follow.
/// </summary>
internal abstract class BenchStrategy
{
    /// <summary>Every strategy, the one that training takes first.</summary>
    public static IReadOnlyList<BenchStrategy> All { get; } =
    [
        new PlanStrategy("plan", "as training and inference run it: hoisted products, and of the loops below the one predicted to be faster"),
        new PlanStrategy("persistent", "as plan, a chunk's steps in one launch, weights on chip; GPUs only", new CudaOptions { Strategy = CudaStrategy.Persistent }),
        new PlanStrategy("stepwise", "as plan, a launch or two a step, replayed as a graph; GPUs only", new CudaOptions { Strategy = CudaStrategy.Stepwise }),
        new PlanStrategy(
            "stepwise-launches", "as stepwise, each launch queued by itself; GPUs only", new CudaOptions { Strategy = CudaStrategy.Stepwise, Graphs = false }),
        new PlanStrategy("own-products", "as plan, hoisted products by the project's kernels and not cuBLASLt; GPUs only", new CudaOptions { CublasLt = CublasLtUse.Off }),
        new PlanStrategy("plan-whole", "as plan, all input projections as one product", whole: true),
        new TapeStrategy("hoisted", "from single operations: one product for all input projections, then a product and elementwise operations a step", perGate: false),
        new TapeStrategy("naive", "from single operations: two products a gate and step, and elementwise operations", perGate: true),
    ];

    /// <summary>As on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, for people.</summary>
    public abstract string Description { get; }

    /// <summary>How the CUDA backend is made that it runs on.</summary>
    public virtual CudaOptions Options { get; } = new();

    /// <summary>Whether it is a matter of GPUs alone.</summary>
    public virtual bool NeedsGpu => false;

    /// <summary>Why it cannot run a shape on a backend; null if it can.</summary>
    public virtual string? Refusal(IBackend backend, BenchShape shape, bool training) => null;

    /// <summary>Brings everything onto a backend.</summary>
    /// <param name="backend">Computes; stays the caller's.</param>
    /// <param name="data">Parameters, inputs, gradients of outputs.</param>
    /// <param name="training">Forward and backward, or forward alone.</param>
    /// <param name="sets">Copies of inputs and outputs that iterations take in turn, so that they do not find them in a cache.</param>
    public abstract BenchRun Prepare(IBackend backend, BenchData data, bool training, int sets);

    /// <summary>Bytes of one set of inputs and outputs.</summary>
    public static long SetBytes(BenchShape shape, bool training)
    {
        long positions = (long)shape.Steps * shape.Batch;
        return positions * (shape.Input + shape.Spec.OutputSize) * sizeof(float) * (training ? 2 : 1);
    }
}

/// <summary>A strategy with everything in place, ready to run.</summary>
internal abstract class BenchRun : IDisposable
{
    /// <summary>Queues one iteration: inference with weights that do not change, or a training step but for the update.</summary>
    public abstract void Iterate(int set);

    /// <summary>What the last iteration, which ran on this set, gave.</summary>
    public abstract BenchOutputs Read(int set);

    /// <summary>Device memory that it took at most, with one set of inputs and outputs.</summary>
    public abstract long PeakBytes { get; }

    /// <summary>How its loop runs, in the backend's words; empty where there is none.</summary>
    public virtual string How => "";

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Results of an iteration.</summary>
/// <param name="Y"><c>[T, B, D*H]</c>.</param>
/// <param name="DX"><c>[T, B, I]</c>; null for inference.</param>
/// <param name="Gradients">Of the parameters, in the order of <see cref="BenchData.Parameters"/>; null for inference.</param>
internal sealed record BenchOutputs(float[] Y, float[]? DX, float[][]? Gradients);
