using RnnGpu.Core;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>
/// The least time that a stack can take on some cores, whatever the code: products at the measured peak of fused multiply-adds, and matrices read once from where they
/// fit, at the measured bandwidth of their size. With n threads, peak P a core, G gates, N = T B rows:
/// <code>
/// hoisted(2 G H K N, 4 G H K) = max( FLOPs / (n P),  bytes / read_n(bytes) )          W x of all steps, and backward dX, dW, dR
/// step = max( 2 G H H B / (n P),  4 G H H / read_n(4 G H H) )                          R h of one step, and backward R^T da
/// t = L D ( hoisted W + T step ),  training in addition  L D ( T step + dX + dW + dR )
/// </code>
/// Cells, biases, activations and their traffic are left out, so no code reaches it wholly. At B = 1 the steps are bound by reading R, else by the products.
/// </summary>
/// <param name="flopsPerCore">P, FLOP/s.</param>
/// <param name="read">Bandwidth by number of threads.</param>
internal sealed class CpuBound(double flopsPerCore, IReadOnlyDictionary<int, BandwidthCurve> read)
{
    /// <summary>P, FLOP/s.</summary>
    public double FlopsPerCore => flopsPerCore;

    /// <summary>Milliseconds of an iteration.</summary>
    /// <param name="shape">The stack; every sequence as long as the steps.</param>
    /// <param name="training">Forward and backward, or forward alone.</param>
    /// <param name="threads">n; its bandwidth was measured.</param>
    public double Milliseconds(BenchShape shape, bool training, int threads)
    {
        RnnSpec spec = shape.Spec;
        double seconds = 0, rows = (double)shape.Steps * shape.Batch, step = Step(shape, threads);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            double projection = Product(spec.GateSize, spec.LayerInputSize(layer), rows, threads);
            seconds += projection + (shape.Steps * step);
            if (training) { seconds += (shape.Steps * step) + (2 * projection) + Product(spec.GateSize, shape.Hidden, rows, threads); }
        }

        return seconds * spec.Directions * 1e3;
    }

    /// <summary>Seconds of one step of one layer and direction.</summary>
    public double Step(BenchShape shape, int threads) => Product(shape.Spec.GateSize, shape.Hidden, shape.Batch, threads);

    /// <summary>Whether a step is bound by reading the recurrent weights and not by arithmetic.</summary>
    public bool ReadsBind(BenchShape shape, int threads) =>
        Step(shape, threads) > 2.0 * shape.Spec.GateSize * shape.Hidden * shape.Batch / (threads * flopsPerCore);

    private double Product(double gates, double inner, double rows, int threads)
    {
        double bytes = sizeof(float) * gates * inner;
        return Math.Max(2 * gates * inner * rows / (threads * flopsPerCore), bytes / read[threads].At(bytes));
    }
}
