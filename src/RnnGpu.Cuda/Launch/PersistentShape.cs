using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>One product of a step as a persistent loop sees it.</summary>
/// <param name="Weights">Where its packed weights lie, in words.</param>
/// <param name="Gates">Gates that it computes of each unit.</param>
/// <param name="Blocks">Blocks of H factors that an element's sum runs over.</param>
internal readonly record struct LoopProduct(long Weights, int Gates, int Blocks);

/// <summary>
/// How a persistent loop is cut (kernels/cuda/recurrent/persistent.cuh): which tiles a block owns, and where its shared memory has what. Offsets in
/// words.
/// </summary>
/// <param name="Large">Which of the mode's tiles.</param>
/// <param name="UnitTiles">Tiles of units of a block, whose weights it keeps.</param>
/// <param name="RowTiles">Tiles of rows of a block.</param>
/// <param name="UnitBlocks">Blocks that share a tile of rows, and exchange its states.</param>
/// <param name="RowBlocks">Groups of rows.</param>
/// <param name="FirstGroup">Slabs of the state that are awaited together, first product.</param>
/// <param name="NextGroup">The same, second product.</param>
/// <param name="NextAt">Where the second product's weights begin.</param>
/// <param name="RingAt">Where the ring begins.</param>
/// <param name="SharedBytes">Dynamic shared memory of a block.</param>
/// <param name="StepSeconds">Predicted time of a step (<see cref="LoopModel"/>).</param>
internal sealed record PersistentShape(
    bool Large, int UnitTiles, int RowTiles, int UnitBlocks, int RowBlocks, int FirstGroup, int NextGroup, int NextAt, int RingAt, int SharedBytes,
    double StepSeconds)
{
    private const int Stages = 4;
    private const int SlabWords = 32;
    private const int PitchWords = 36;

    /// <summary>Blocks of the grid.</summary>
    public int Blocks => UnitBlocks * RowBlocks;

    /// <summary>The cut with the shortest predicted step, or null if none fits the device.</summary>
    /// <param name="costs">What the device takes for a step's parts.</param>
    /// <param name="layout">Cell, size and mode.</param>
    /// <param name="products">Products of a step, one or two.</param>
    /// <param name="batch">B.</param>
    /// <param name="sharedLimit">Dynamic shared memory that a block can have.</param>
    /// <param name="resident">Blocks on the device together, of a tile's kernel with so many bytes of shared memory.</param>
    public static PersistentShape? Choose(
        GpuCosts costs, in RecurrentLayout layout, ReadOnlySpan<LoopProduct> products, int batch, int sharedLimit, Func<bool, int, int> resident)
    {
        PersistentShape? best = null;
        foreach (bool large in (ReadOnlySpan<bool>)[false, true])
        {
            StepTile tile = StepTile.Of(layout.Mode, large);
            int tiles = (int)ProductLayout.Tiles(layout.Hidden, tile.Units);
            for (int unitTiles = 1; unitTiles <= tiles; unitTiles++)
            {
                if (Cut(costs, layout, products, batch, large, unitTiles, sharedLimit, resident) is not { } shape) { continue; }
                if (best is null || shape.StepSeconds < best.StepSeconds) { best = shape; }
            }
        }

        return best;
    }

    private static PersistentShape? Cut(
        GpuCosts costs, in RecurrentLayout layout, ReadOnlySpan<LoopProduct> products, int batch, bool large, int unitTiles, int sharedLimit,
        Func<bool, int, int> resident)
    {
        StepTile tile = StepTile.Of(layout.Mode, large);
        long firstWords = WeightWords(layout, tile, products[0], unitTiles), nextWords = products.Length > 1 ? WeightWords(layout, tile, products[1], unitTiles) : 0;
        long room = (sharedLimit / 4) - firstWords - nextWords, slabWords = tile.Rows * PitchWords;
        long most = room / (Stages * slabWords);
        if (most < 1) { return null; }
        int first = Group(layout, products[0], most), next = products.Length > 1 ? Group(layout, products[1], most) : 0;
        long ring = Stages * slabWords * Math.Max(first, next);
        foreach (LoopProduct product in products) { ring = Math.Max(ring, tile.PartialBytes(layout.Mode, product.Gates) / 4); }
        if (ring > room) { return null; }
        int shared = (int)(4 * (firstWords + nextWords + ring));

        int unitBlocks = (int)ProductLayout.Tiles(ProductLayout.Tiles(layout.Hidden, tile.Units), unitTiles), rowTiles = (int)ProductLayout.Tiles(batch, tile.Rows);
        int blocks = resident(large, shared);
        if (blocks < unitBlocks) { return null; }
        int rowBlocks = Math.Min(rowTiles, unitBlocks == 1 ? Math.Max(blocks, 1) : blocks / unitBlocks);
        int ownRows = (int)ProductLayout.Tiles(rowTiles, rowBlocks);
        rowBlocks = (int)ProductLayout.Tiles(rowTiles, ownRows);
        return new PersistentShape(
            large, unitTiles, ownRows, unitBlocks, rowBlocks, first, next, (int)firstWords, (int)(firstWords + nextWords), shared,
            LoopModel.PersistentStep(costs, layout, tile, products, unitTiles, ownRows, unitBlocks * rowBlocks, unitBlocks > 1));
    }

    /// <summary>A quarter of the inner axis, or what there is room for.</summary>
    private static int Group(in RecurrentLayout layout, LoopProduct product, long most) =>
        (int)Math.Min(most, ProductLayout.Tiles(layout.Pitch(product.Blocks) / SlabWords, Stages));

    private static long WeightWords(in RecurrentLayout layout, StepTile tile, LoopProduct product, int unitTiles) =>
        (long)unitTiles * (layout.Pitch(product.Blocks) / SlabWords) * tile.Units * product.Gates * PitchWords;
}
