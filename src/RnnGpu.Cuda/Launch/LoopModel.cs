using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>
/// Predicted time of a step of the time loop, to choose between strategies and cuts. Constants are those of an H200 from public measurements,
/// to be replaced by measured ones: what matters here is which of two predictions is the smaller.
/// </summary>
internal static class LoopModel
{
    /// <summary>From the last write of a step to the first read by another block, by counters in L2.</summary>
    public const double ExchangeSeconds = 1.3e-6;

    /// <summary>From a kernel of a graph to the one that depends on it.</summary>
    public const double LaunchSeconds = 1.8e-6;

    /// <summary>Bytes a second from L2 into a multiprocessor.</summary>
    public const double L2Rate = 112e9;

    /// <summary>Bytes a second from shared memory.</summary>
    public const double SharedRate = 225e9;

    /// <summary>Barriers, partial sums and the cell of a tile.</summary>
    public const double TileSeconds = 0.3e-6;

    private const double Clock = 1.755e9;
    private const double FmaLatency = 4;
    private const int Lanes = 128;

    /// <summary>A step of a persistent loop: a block's tiles one after another, or the exchange behind which one of them hides.</summary>
    public static double PersistentStep(in RecurrentLayout layout, StepTile tile, ReadOnlySpan<LoopProduct> products, int unitTiles, int rowTiles, bool exchanges)
    {
        double seconds = 0;
        foreach (LoopProduct product in products)
        {
            double state = Bytes(layout, tile.Rows, product) / L2Rate, weights = Bytes(layout, tile.Units * product.Gates, product) / SharedRate;
            double one = TileSeconds + Math.Max(Math.Max(state, weights), Multiply(layout, tile, product));
            double own = rowTiles * unitTiles * one;
            seconds += exchanges ? Math.Max(own, ExchangeSeconds + (unitTiles * one)) : own;
        }

        return seconds;
    }

    /// <summary>A step as launches of a graph: weights come from L2 with the state.</summary>
    public static double StepwiseStep(in RecurrentLayout layout, StepTile tile, ReadOnlySpan<LoopProduct> products, int batch, int multiprocessors)
    {
        double tiles = ProductLayout.Tiles(batch, tile.Rows) * ProductLayout.Tiles(layout.Hidden, tile.Units), seconds = 0;
        foreach (LoopProduct product in products)
        {
            double bytes = Bytes(layout, tile.Rows + (tile.Units * product.Gates), product) / L2Rate;
            seconds += LaunchSeconds + (Math.Ceiling(tiles / multiprocessors) * (TileSeconds + Math.Max(bytes, Multiply(layout, tile, product))));
        }

        return seconds;
    }

    private static double Bytes(in RecurrentLayout layout, int rows, LoopProduct product) => 4.0 * rows * layout.Pitch(product.Blocks);

    /// <summary>fp32 products are chains of multiply-adds: bound by their latency or by the lanes. Tensor cores are never what a tile waits for.</summary>
    private static double Multiply(in RecurrentLayout layout, StepTile tile, LoopProduct product)
    {
        if (layout.Mode != ComputeMode.Fp32) { return 0; }
        double chains = (double)tile.Rows * tile.Units * product.Gates / Lanes;
        return (double)product.Blocks * layout.Hidden * Math.Max(FmaLatency, chains) / Clock;
    }
}
