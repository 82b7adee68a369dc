using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly ArgMaxJob _argMax = new();

    /// <remarks>A NaN counts as the largest: the first of them is the answer.</remarks>
    public void ArgMax(in TensorView x, in TensorView y)
    {
        Check.ArgMax(x, y);
        _argMax.X = Floats(x);
        _argMax.Columns = x.Shape.Columns;
        _argMax.Y = Ints(y);
        _argMax.OverRows(y.Length, x.Shape.Columns, cost: 2, _team);
    }

    private sealed class ArgMaxJob : GrainedJob
    {
        // positions are counted in floats, exactly
        private const int Block = 1 << 20;

        public float* X;
        public int Columns;
        public int* Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* x = X + (row * Columns);
                int best = 0;
                for (int block = 0; block < Columns && !float.IsNaN(x[best]); block += Block)
                {
                    int found = block + ArgMaxOfBlock(x + block, Math.Min(Block, Columns - block));
                    if (float.IsNaN(x[found]) || x[found] > x[best]) { best = found; }
                }

                Y[row] = best;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static int ArgMaxOfBlock(float* x, int n)
        {
            int w = T.Width;
            float* values = stackalloc float[SumLanes];
            float* places = stackalloc float[SumLanes];
            int found = 0, i = 0;
            float max = x[0];
            if (n >= w)
            {
                for (int j = 0; j < w; j++) { places[j] = j; }
                T best = T.Load(x), place = T.Load(places), at = place, step = T.Broadcast(w);
                for (i = w; i <= n - w; i += w)
                {
                    at += step;
                    T candidate = T.Load(x + i);
                    place = T.SelectLess(best, candidate, at, place);
                    best = T.Max(best, candidate);
                }

                T.Store(values, best);
                T.Store(places, place);
                (max, found) = (values[0], (int)places[0]);
                for (int j = 1; j < w; j++)
                {
                    if (values[j] > max || (values[j] == max && (int)places[j] < found) || float.IsNaN(values[j]))
                    {
                        (max, found) = (values[j], (int)places[j]);
                    }
                }
            }

            for (; i < n; i++)
            {
                if (x[i] > max || float.IsNaN(x[i])) { (max, found) = (x[i], i); }
            }

            return float.IsNaN(max) ? FirstNaN(x, n) : found;
        }

        private static int FirstNaN(float* x, int n)
        {
            int i = 0;
            while (i < n - 1 && !float.IsNaN(x[i])) { i++; }
            return i;
        }
    }
}
