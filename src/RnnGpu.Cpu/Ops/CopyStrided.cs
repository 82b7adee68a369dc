using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CopyStridedJob _copyStrided = new();

    public void CopyStrided(
        in TensorView source, Strides sourceStrides, Shape shape, bool accumulate, in TensorView destination, Strides destinationStrides)
    {
        if (source.IsEmpty || destination.IsEmpty || source.DType != destination.DType || (accumulate && source.DType != DType.F32))
        {
            Check.Fail(
                nameof(CopyStrided),
                $"source is {source}, destination {destination}; they must have one type, and be floats to accumulate");
        }

        if (shape.Length == 0) { return; }
        CheckWalk(source, nameof(source), sourceStrides, shape);
        CheckWalk(destination, nameof(destination), destinationStrides, shape);
        var walk = default(Walk);
        for (int i = 0; i < shape.Rank; i++) { walk.Append(shape[i], sourceStrides[i], 0, destinationStrides[i]); }
        MoveAxis(ref walk, FastestAxis(walk), walk.Rank - 1);
        if (walk.InnerA != 1) { MoveAxis(ref walk, SourceAxis(walk), walk.Rank - 2); }

        _copyStrided.X = Floats(source);
        _copyStrided.Y = Floats(destination);
        _copyStrided.Walk = walk;
        _copyStrided.Accumulate = accumulate;
        long cost = walk.InnerA == 1 && walk.InnerY == 1 ? 1 : 4;
        // where several iterations meet in one element their order matters: one thread
        if (VisitsEachElementOnce(walk)) { _copyStrided.OverRows(walk.Outer, walk.Inner, cost, _team); }
        else { _copyStrided.Alone(walk.Outer); }
    }

    private static void CheckWalk(in TensorView view, string name, Strides strides, Shape shape)
    {
        long low = 0, high = 0;
        for (int i = 0; i < shape.Rank; i++)
        {
            long reach = (shape[i] - 1) * strides[i];
            if (reach < 0) { low += reach; }
            else { high += reach; }
        }

        if (low < 0 || high >= view.Length)
        {
            Check.Fail(nameof(CopyStrided), $"a walk of {shape} reaches elements {low}..{high} of {name}, which is {view}");
        }
    }

    /// <summary>The axis to run innermost: one along which both operands are contiguous, else the destination's.</summary>
    private static int FastestAxis(in Walk walk)
    {
        int best = walk.Rank - 1;
        for (int i = 0; i < walk.Rank; i++)
        {
            if (walk.StepY(i) == 1 && (walk.StepA(i) == 1 || walk.InnerY != 1)) { best = i; }
        }

        return best;
    }

    /// <summary>The axis along which the source is contiguous; or the last but one.</summary>
    private static int SourceAxis(in Walk walk)
    {
        for (int i = 0; i < walk.Rank - 2; i++)
        {
            if (walk.StepA(i) == 1) { return i; }
        }

        return walk.Rank - 2;
    }

    private static void MoveAxis(ref Walk walk, int axis, int to)
    {
        for (int i = axis; i < to; i++) { walk.Swap(i, i + 1); }
    }

    /// <summary>Whether no two iterations write one element: each step clears all that the shorter ones can reach.</summary>
    private static bool VisitsEachElementOnce(in Walk walk)
    {
        long reached = 0;
        for (int n = 0; n < walk.Rank; n++)
        {
            long next = long.MaxValue, reach = 0;
            for (int i = 0; i < walk.Rank; i++)
            {
                long step = Math.Abs(walk.StepY(i));
                if (step > reached && step < next) { (next, reach) = (step, step * (walk.Size(i) - 1)); }
            }

            if (next == long.MaxValue) { return false; }
            reached += reach;
        }

        return true;
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
