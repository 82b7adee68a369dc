using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Side of a tile of <c>copy_transposed_b32</c>, and lines that the block moves at a time.</summary>
    private const int TileSide = 32;

    private const int TileLines = 8;

    private readonly Kernel<CopyStridedParams> _copyStrided = new("copy_strided", "copy_strided_b32");
    private readonly Kernel<CopyStridedParams> _copyStrided128 = new("copy_strided", "copy_strided_b128");
    private readonly Kernel<CopyStridedParams> _copyTransposed = new("copy_strided", "copy_transposed_b32");
    private readonly Kernel<CopyStridedParams> _copyOrdered = new("copy_strided", "copy_ordered_b32");

    /// <inheritdoc/>
    public void CopyStrided(
        in TensorView source, Strides sourceStrides, Shape shape, bool accumulate, in TensorView destination, Strides destinationStrides)
    {
        Check.CopyStrided(source, sourceStrides, shape, accumulate, destination, destinationStrides, out Walk walk);
        if (shape.Length == 0) { return; }
        bool once = walk.WritesEachElementOnce();
        if (once) { walk.OrderForCopy(); }
        var pieces = new WalkPieces(walk);
        while (pieces.Next())
        {
            CopyPiece(
                pieces.Piece, Pointer(source) + ((ulong)pieces.A * sizeof(float)), accumulate, Pointer(destination) + ((ulong)pieces.Y * sizeof(float)), once);
        }
    }

    private void CopyPiece(Walk walk, ulong source, bool accumulate, ulong destination, bool once)
    {
        var parameters = new CopyStridedParams { Source = source, Destination = destination, Count = (uint)walk.Length, Accumulate = accumulate ? 1 : 0 };
        if (!once)
        {
            parameters.Rank = WalkPieces.Describe(walk, out parameters.Axes);
            _queue.Launch(_copyOrdered, new Dim3(1), new Dim3(32), 0, parameters);
            return;
        }

        if (IsTransposition(walk))
        {
            LaunchTransposition(walk, ref parameters);
            return;
        }

        Kernel<CopyStridedParams> kernel = _copyStrided;
        if (MovesInFours(walk, source | destination))
        {
            kernel = _copyStrided128;
            walk = InFours(walk);
            parameters.Count /= 4;
        }

        parameters.Rank = WalkPieces.Describe(walk, out parameters.Axes);
        _queue.Launch(kernel, GridOf(Blocks(parameters.Count, LinearElements)), new Dim3(DefaultThreads), 0, parameters);
    }

    /// <summary>Whether the last axis is contiguous in the destination only, the one before it in the source, and both fill most of a tile.</summary>
    private static bool IsTransposition(in Walk walk)
    {
        int last = walk.Rank - 1;
        return last >= 1 && walk.InnerY == 1 && walk.InnerA != 1 && walk.StepA(last - 1) == 1
            && walk.Size(last) >= TileSide / 4 && walk.Size(last - 1) >= TileSide / 4;
    }

    /// <summary>The kernel wants the two axes of the tiles first: the source's contiguous one, then the destination's.</summary>
    private void LaunchTransposition(in Walk walk, ref CopyStridedParams parameters)
    {
        int last = walk.Rank - 1;
        parameters.Rank = walk.Rank;
        parameters.Axes[0] = WalkPieces.Axis(walk.Size(last - 1), walk.StepA(last - 1), 0, walk.StepY(last - 1));
        parameters.Axes[1] = WalkPieces.Axis(walk.Size(last), walk.StepA(last), 0, walk.StepY(last));
        long blocks = Blocks(walk.Size(last), TileSide) * Blocks(walk.Size(last - 1), TileSide);
        for (int i = 0; i < last - 1; i++)
        {
            parameters.Axes[i + 2] = WalkPieces.Axis(walk.Size(i), walk.StepA(i), 0, walk.StepY(i));
            blocks *= walk.Size(i);
        }

        _queue.Launch(_copyTransposed, GridOf(blocks), new Dim3(TileSide, TileLines), 0, parameters);
    }

    /// <summary>Whether a walk can go in units of four elements.</summary>
    private static bool MovesInFours(in Walk walk, ulong addresses)
    {
        if (addresses % 16 != 0 || walk.InnerA != 1 || walk.InnerY != 1 || walk.Inner % 4 != 0) { return false; }
        for (int i = 0; i < walk.Rank - 1; i++)
        {
            if (walk.StepA(i) % 4 != 0 || walk.StepY(i) % 4 != 0) { return false; }
        }

        return true;
    }

    private static Walk InFours(in Walk walk)
    {
        Walk fours = default;
        for (int i = 0; i < walk.Rank - 1; i++) { fours.Append(walk.Size(i), walk.StepA(i) / 4, 0, walk.StepY(i) / 4); }
        fours.Append(walk.Inner / 4, 1, 0, 1);
        return fours;
    }
}
