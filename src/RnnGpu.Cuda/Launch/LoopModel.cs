using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>
/// Predicted time of a step of the time loop, to choose between strategies and cuts. What matters here is which of two predictions is the smaller. A tile
/// takes
/// <code>
/// t_tile = t_fixed + max( state bytes / (L2 to SM),  weight bytes / memory that holds them,  multiply-adds / rate )
/// </code>
/// A persistent step is a block's tiles one after another, or the exchange behind which all but one row of tiles hide; weights come from shared memory. A
/// stepwise step is a launch a product, and tiles in as many rounds as the SMs need; weights come from L2 with the state. Neither is shorter than the L2
/// takes for what all SMs read, nor than the memory takes for weights that the L2 does not hold.
/// </summary>
internal static class LoopModel
{
    /// <summary>A step of a persistent loop.</summary>
    public static double PersistentStep(
        GpuCosts costs, in RecurrentLayout layout, StepTile tile, ReadOnlySpan<LoopProduct> products, int unitTiles, int rowTiles, int blocks, bool exchanges)
    {
        double seconds = 0;
        foreach (LoopProduct product in products)
        {
            double state = Bytes(layout, tile.Rows, product) / costs.L2ToMultiprocessorRate;
            double weights = Bytes(layout, tile.Units * product.Gates, product) / costs.SharedRate;
            double one = costs.TileSeconds + Math.Max(Math.Max(state, weights), Multiply(costs, layout, tile, product));
            double own = Math.Max(rowTiles * unitTiles * one, (double)blocks * rowTiles * unitTiles * Bytes(layout, tile.Rows, product) / costs.L2Rate);
            seconds += exchanges ? Math.Max(own, costs.BarrierSeconds + (unitTiles * one)) : own;
        }

        return seconds;
    }

    /// <summary>A step as launches of a graph.</summary>
    public static double StepwiseStep(GpuCosts costs, in RecurrentLayout layout, StepTile tile, ReadOnlySpan<LoopProduct> products, int batch, int multiprocessors)
    {
        double tiles = ProductLayout.Tiles(batch, tile.Rows) * ProductLayout.Tiles(layout.Hidden, tile.Units), seconds = 0;
        foreach (LoopProduct product in products)
        {
            double bytes = Bytes(layout, tile.Rows + (tile.Units * product.Gates), product), weights = Bytes(layout, layout.Hidden * product.Gates, product);
            double own = Math.Ceiling(tiles / multiprocessors)
                * (costs.TileSeconds + Math.Max(bytes / costs.L2ToMultiprocessorRate, Multiply(costs, layout, tile, product)));
            double shared = Math.Max(tiles * bytes / costs.L2Rate, weights > costs.L2Bytes ? weights / costs.MemoryRate : 0);
            seconds += costs.LaunchSeconds + Math.Max(own, shared);
        }

        return seconds;
    }

    private static double Bytes(in RecurrentLayout layout, int rows, LoopProduct product) => 4.0 * rows * layout.Pitch(product.Blocks);

    /// <summary>A tile's product on one SM. In fp32 an element is one chain of multiply-adds, which cannot run faster than their latency.</summary>
    private static double Multiply(GpuCosts costs, in RecurrentLayout layout, StepTile tile, LoopProduct product)
    {
        double depth = (double)product.Blocks * layout.Hidden, elements = (double)tile.Rows * tile.Units * product.Gates;
        double arithmetic = 2 * elements * depth * costs.Multiprocessors / costs.Rate(layout.Mode);
        return layout.Mode == ComputeMode.Fp32 ? Math.Max(arithmetic, depth * costs.FmaSeconds) : arithmetic;
    }
}
