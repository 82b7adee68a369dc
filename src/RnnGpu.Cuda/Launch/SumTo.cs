using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    // twins of the constants in sum.cu
    private const int SumColumnPart = 256;
    private const int SumRowPart = 4096;
    private const int SumColumnTile = 32;
    private const int SumColumnLanes = 8;
    private const int SumWarps = 8;

    /// <summary>Longest sum for a warp of its own.</summary>
    private const int SumWarpMost = 1024;

    /// <summary>From so many columns on, a column a lane is better than a row a warp.</summary>
    private const int FewColumns = 8;

    /// <summary>Parts of a sum in one launch: what the second dimension of a grid holds.</summary>
    private const int MostParts = 65535;

    private readonly Kernel<SumParams> _sumColumns = new("sum", "sum_columns_f32");
    private readonly Kernel<SumParams> _sumRowsWarp = new("sum", "sum_rows_warp_f32");
    private readonly Kernel<SumParams> _sumRowsBlock = new("sum", "sum_rows_block_f32");

    /// <inheritdoc/>
    /// <remarks>
    /// The order of additions depends on the shapes alone: parts of 256 or 4,096 summed elements, each in a fixed tree, and sums of parts likewise.
    /// </remarks>
    public void SumTo(in TensorView x, bool accumulate, in TensorView y)
    {
        Check.SumTo(x, y, out Walk kept, out Walk summed);
        if (y.Length == 0) { return; }
        if (x.Length == 0)
        {
            if (!accumulate) { Fill(0f, y); }
            return;
        }

        if (summed.Rank == 0)
        {
            if (accumulate) { AddScaled(1f, x, 1f, y); }
            else { Copy(x, y); }
            return;
        }

        ulong from = Pointer(x), to = Pointer(y);
        var keptPieces = new WalkPieces(kept);
        while (keptPieces.Next())
        {
            bool add = accumulate;
            var summedPieces = new WalkPieces(summed, (long)MostParts * SumColumnPart);
            while (summedPieces.Next())
            {
                ulong start = from + ((ulong)(keptPieces.A + summedPieces.A) * sizeof(float));
                Sum(start, keptPieces.Piece, summedPieces.Piece, add, to + ((ulong)keptPieces.Y * sizeof(float)));
                add = true;
            }
        }
    }

    /// <summary>
    /// y (contiguous) is, or grows by, the sum of x over the summed axes. Where a sum takes several parts, their sums go to scratch, and are summed in
    /// turn until one is left.
    /// </summary>
    private void Sum(ulong x, Walk kept, Walk summed, bool accumulate, ulong y)
    {
        bool alongColumns = kept.InnerA == 1 && kept.Length > FewColumns;
        long count = kept.Length, part = alongColumns ? SumColumnPart : SumRowPart, scratch = 0;
        for (long parts = Blocks(summed.Length, part); parts > 1; parts = Blocks(parts, part)) { scratch += parts * count; }
        ulong partials = scratch > 0 ? Scratch(scratch * sizeof(float)) : 0;
        while (true)
        {
            long parts = Blocks(summed.Length, part);
            bool last = parts == 1;
            LaunchSum(alongColumns, x, kept, summed, (int)parts, last && accumulate, last ? y : partials);
            if (last) { return; }

            // The parts are a tensor of their own: [parts, kept] along columns, else [kept, parts].
            kept = summed = default;
            kept.Append(count, alongColumns ? 1 : parts, 0, 1);
            summed.Append(parts, alongColumns ? count : 1, 0, 0);
            x = partials;
            partials += (ulong)(parts * count) * sizeof(float);
        }
    }

    private void LaunchSum(bool alongColumns, ulong x, in Walk kept, in Walk summed, int parts, bool accumulate, ulong y)
    {
        var parameters = new SumParams
        {
            X = x,
            Y = y,
            PartStride = kept.Length,
            KeptCount = (uint)kept.Length,
            SummedCount = (uint)summed.Length,
            Parts = parts,
            Accumulate = accumulate ? 1 : 0,
        };
        parameters.KeptRank = WalkPieces.Describe(kept, out parameters.Kept);
        parameters.SummedRank = WalkPieces.Describe(summed, out parameters.Summed);
        if (alongColumns)
        {
            _queue.Launch(_sumColumns, new Dim3((int)Blocks(kept.Length, SumColumnTile), parts), new Dim3(SumColumnTile, SumColumnLanes), 0, parameters);
        }
        else if (summed.Length <= SumWarpMost)
        {
            _queue.Launch(_sumRowsWarp, GridOf(Blocks(kept.Length, SumWarps)), new Dim3(DefaultThreads), 0, parameters);
        }
        else
        {
            _queue.Launch(_sumRowsBlock, GridOf(kept.Length * parts), new Dim3(DefaultThreads), 0, parameters);
        }
    }
}
