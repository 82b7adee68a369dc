using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Bench;

/// <summary>
/// The least time that a recurrent stack can take on a GPU, whatever the kernel. A loop that keeps its weights on chip, split over n_b groups of rows by n_h
/// SMs (n_b n_h = SMs of a direction), takes a step in
/// <code>
/// t_step = t_exchange + max( 2 G B H^2 / tensor rate,  R / n_h / shared bandwidth,  s (B / n_b) H / (L2 to SM),  SMs s (B / n_b) H / (L2 bandwidth multicast) )
/// </code>
/// with R = s G H^2 bytes of weights of s bytes each, and the best n_b. Weights beyond what the chip holds come from the L2 or from memory at every step. Weights
/// that one SM holds need no exchange: each SM has them all and rows of its own. A backward step exchanges and adds once more. An iteration is
/// <code>
/// t = L ( hoisted products + T (t_fwd + t_bwd) ),  hoisted: 2 G B T H I forward; twice that and 2 G B T H^2 backward
/// </code>
/// Layers follow one another; two directions share the chip. A wavefront over layers would beat the sum over layers, which this leaves out.
/// </summary>
internal static class LimitModel
{
    /// <summary>Milliseconds of an iteration.</summary>
    /// <param name="gpu">The chip: <see cref="GpuCosts.LimitOf"/>.</param>
    /// <param name="shape">The stack.</param>
    /// <param name="mode">Precision of products.</param>
    /// <param name="training">Forward and backward, or forward alone.</param>
    /// <param name="rows">Active rows over all steps.</param>
    public static double Milliseconds(GpuCosts gpu, BenchShape shape, ComputeMode mode, bool training, long rows)
    {
        RnnSpec spec = shape.Spec;
        double seconds = 0, gemm = gpu.Rate(mode) * gpu.GemmShare, batch = (double)rows / shape.Steps;
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            double projection = 2.0 * spec.GateSize * spec.LayerInputSize(layer) * spec.Directions * rows;
            double recurrent = 2.0 * spec.GateSize * shape.Hidden * spec.Directions * rows;
            double products = training ? (3 * projection) + recurrent : projection;
            double step = Step(gpu, shape, mode, batch, backward: false) + (training ? Step(gpu, shape, mode, batch, backward: true) : 0);
            seconds += (products / gemm) + (shape.Steps * step);
        }

        return seconds * 1e3;
    }

    /// <summary>Seconds of one step of all directions of a layer.</summary>
    public static double Step(GpuCosts gpu, BenchShape shape, ComputeMode mode, double batch, bool backward)
    {
        int directions = shape.Spec.Directions, multiprocessors = gpu.Multiprocessors / directions;
        double h = shape.Hidden, s = ElementBytes(mode), weights = s * shape.Spec.GateSize * h;
        double arithmetic = 2 * shape.Spec.GateSize * batch * h * directions / gpu.Rate(mode);
        double streamed = weights * directions > gpu.OnChipBytes * gpu.Multiprocessors
            ? weights * directions / (weights * directions > gpu.L2Bytes ? gpu.MemoryRate : gpu.L2Rate)
            : 0;
        double best = double.PositiveInfinity;
        for (int groups = 1; groups <= Math.Min(multiprocessors, Math.Ceiling(batch)); groups++)
        {
            double states = s * batch / groups * h;
            double exchanged = Math.Max(states / gpu.L2ToMultiprocessorRate, gpu.Multiprocessors * states / (gpu.L2Rate * gpu.Multicast));
            best = Math.Min(best, Math.Max(weights * groups / multiprocessors / gpu.SharedRate, exchanged));
        }

        double exchanging = gpu.FlagSeconds + (backward ? gpu.ReductionSeconds : 0) + Math.Max(Math.Max(arithmetic, streamed), best);
        if (weights > gpu.OnChipBytes) { return exchanging; }
        double rows = batch / Math.Min(multiprocessors, Math.Ceiling(batch));
        return Math.Min(exchanging, Math.Max(weights / gpu.SharedRate, 2 * shape.Spec.GateSize * rows * h * gpu.Multiprocessors / gpu.Rate(mode)));
    }

    private static double ElementBytes(ComputeMode mode) => mode is ComputeMode.Bf16 or ComputeMode.Fp16 ? 2 : 4;
}
