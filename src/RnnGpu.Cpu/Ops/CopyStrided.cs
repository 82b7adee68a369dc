using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CopyStridedJob _copyStrided = new();

    public void CopyStrided(
        in TensorView source, Strides sourceStrides, Shape shape, bool accumulate, in TensorView destination, Strides destinationStrides)
    {
        Check.CopyStrided(source, sourceStrides, shape, accumulate, destination, destinationStrides, out Walk walk);
        if (shape.Length == 0) { return; }
        walk.OrderForCopy();

        _copyStrided.X = Floats(source);
        _copyStrided.Y = Floats(destination);
        _copyStrided.Walk = walk;
        _copyStrided.Accumulate = accumulate;
        long cost = walk.InnerA == 1 && walk.InnerY == 1 ? 1 : 4;
        // where several iterations meet in one element their order matters: one thread
        if (walk.WritesEachElementOnce()) { _copyStrided.OverRows(walk.Outer, walk.Inner, cost, _team); }
        else { _copyStrided.Alone(walk.Outer); }
    }

    private sealed class CopyStridedJob : GrainedJob
    {
        // A tile of a transposition: lines of the source stay in the first-level cache until all their elements are taken.
        private const long TileRows = 16;
        private const long TileColumns = 64;

        public float* X;
        public float* Y;
        public Walk Walk;
        public bool Accumulate;

        protected override void Run(long start, long end)
        {
            if (Walk.InnerA == 1 && Walk.InnerY == 1) { RunContiguous(start, end); }
            else { RunTiles(start, end); }
        }

        private void RunContiguous(long start, long end)
        {
            long bytes = Walk.Inner * sizeof(float);
            for (long row = start; row < end; row++)
            {
                Walk.Offsets(row, Walk.Rank - 1, out long x, out _, out long y);
                if (Accumulate) { AddRows(new MatrixTerm(X + x, 0), 1, 0, Walk.Inner, Y + y); }
                else { Buffer.MemoryCopy(X + x, Y + y, bytes, bytes); }
            }
        }

        private void RunTiles(long start, long end)
        {
            long group = Walk.Rank < 2 ? 1 : Walk.Size(Walk.Rank - 2);
            for (long row = start; row < end;)
            {
                long rows = Math.Min(Math.Min(TileRows, end - row), group - (row % group));
                for (long column = 0; column < Walk.Inner; column += TileColumns)
                {
                    RunTile(row, rows, column, Math.Min(TileColumns, Walk.Inner - column));
                }

                row += rows;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunTile(long row, long rows, long column, long columns)
        {
            long stepX = Walk.InnerA, stepY = Walk.InnerY;
            for (long r = row; r < row + rows; r++)
            {
                Walk.Offsets(r, Walk.Rank - 1, out long atX, out _, out long atY);
                float* x = X + atX + (column * stepX), y = Y + atY + (column * stepY);
                if (Accumulate)
                {
                    for (long i = 0; i < columns; i++) { y[i * stepY] += x[i * stepX]; }
                }
                else
                {
                    // bit patterns: the elements may be ints
                    for (long i = 0; i < columns; i++) { ((int*)y)[i * stepY] = ((int*)x)[i * stepX]; }
                }
            }
        }
    }
}
