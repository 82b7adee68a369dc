using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly SumToJob _sumTo = new();

    public void SumTo(in TensorView x, bool accumulate, in TensorView y)
    {
        Check.SumTo(x, y, out Walk kept, out Walk summed);
        float* to = Floats(y);
        if (x.Length == 0)
        {
            if (!accumulate) { Fill(0f, y); }
            return;
        }

        if (kept.Rank == 0 && summed.Rank <= 1)
        {
            _blockSums.Clear();
            _blockSums.Squares = false;
            _blockSums.Add(Floats(x), x.Length);
            float sum = (float)_blockSums.Total(_team);
            *to = accumulate ? *to + sum : sum;
            return;
        }

        _sumTo.X = Floats(x);
        _sumTo.Kept = kept;
        _sumTo.Summed = summed;
        _sumTo.Accumulate = accumulate;
        _sumTo.Y = to;
        _sumTo.AlongColumns = kept.InnerA == 1;
        if (_sumTo.AlongColumns) { _sumTo.OverColumns(y.Length, summed.Length, _team); }
        else { _sumTo.OverRows(y.Length, summed.Length, cost: 1, _team); }
    }

    private sealed class SumToJob : GrainedJob
    {
        public float* X;
        public Walk Kept;
        public Walk Summed;
        public bool Accumulate;
        public bool AlongColumns;
        public float* Y;

        protected override void Run(long start, long end)
        {
            if (AlongColumns) { RunColumns(start, end); }
            else { RunRows(start, end); }
        }

        /// <summary>x's last axis is kept: whole rows are added, each element one chain over the summed axes in order.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunColumns(long start, long end)
        {
            if (!Accumulate) { new Span<float>(Y + start, (int)(end - start)).Clear(); }
            long outers = Summed.Outer, inner = Kept.Inner, row = start / inner, column = start - (row * inner);
            for (long i = start; i < end; row++, column = 0)
            {
                Kept.Offsets(row, Kept.Rank - 1, out long offset, out _, out _);
                long n = Math.Min(inner - column, end - i);
                for (long outer = 0; outer < outers; outer++)
                {
                    Summed.Offsets(outer, Summed.Rank - 1, out long at, out _, out _);
                    AddRows(new MatrixTerm(X + offset + at + column, Summed.InnerA), Summed.Inner, 0, n, Y + i);
                }

                i += n;
            }
        }

        /// <summary>x's last axis is summed.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunRows(long start, long end)
        {
            long outers = Summed.Outer, inner = Summed.Inner;
            for (long i = start; i < end; i++)
            {
                Kept.Offsets(i, Kept.Rank, out long offset, out _, out _);
                double sum = 0;
                for (long outer = 0; outer < outers; outer++)
                {
                    Summed.Offsets(outer, Summed.Rank - 1, out long at, out _, out _);
                    sum += Sum(new ValueTerm(X + offset + at), inner);
                }

                Y[i] = Accumulate ? Y[i] + (float)sum : (float)sum;
            }
        }
    }
}
