using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly MaxOverTimeJob _maxOverTime = new();
    private readonly MaxOverTimeBackwardJob _maxOverTimeBackward = new();

    public void MaxOverTime(in TensorView x, in TensorView lengths, in TensorView y, in TensorView steps)
    {
        Check.MaxOverTime(x, lengths, y, steps);
        _maxOverTime.X = Floats(x);
        _maxOverTime.Lengths = Ints(lengths);
        _maxOverTime.Y = Floats(y);
        _maxOverTime.Steps = Ints(steps);
        (_maxOverTime.Time, _maxOverTime.Batch, _maxOverTime.Columns) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        _maxOverTime.OverRows(x.Shape[1], (long)x.Shape[0] * x.Shape[2], cost: 2, _team);
    }

    public void MaxOverTimeBackward(in TensorView dy, in TensorView steps, in TensorView dx)
    {
        Check.MaxOverTimeBackward(dy, steps, dx);
        _maxOverTimeBackward.Dy = Floats(dy);
        _maxOverTimeBackward.Steps = Ints(steps);
        _maxOverTimeBackward.Dx = Floats(dx);
        (_maxOverTimeBackward.Time, _maxOverTimeBackward.Batch, _maxOverTimeBackward.Columns) = (dx.Shape[0], dx.Shape[1], dx.Shape[2]);
        _maxOverTimeBackward.OverRows(dx.Shape[1], (long)dx.Shape[0] * dx.Shape[2], cost: 1, _team);
    }

    private sealed class MaxOverTimeJob : GrainedJob
    {
        private const int ExactFloats = 1 << 24;

        public float* X;
        public int* Lengths;
        public float* Y;
        public int* Steps;
        public int Time;
        public long Batch;
        public int Columns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                int length = Lengths == null ? Time : Math.Min(Lengths[row], Time);
                float* y = Y + (row * Columns);
                int* steps = Steps + (row * Columns);
                if (length <= 0)
                {
                    NativeMemory.Clear(y, (nuint)Columns * sizeof(float));
                    NativeMemory.Fill(steps, (nuint)Columns * sizeof(int), 0xFF);
                    continue;
                }

                float* x = X + (row * Columns);
                int c = 0;
                for (; length <= ExactFloats && c <= Columns - T.Width; c += T.Width) { Registers(x + c, length, y + c, steps + c); }
                for (; c < Columns; c++) { One(x + c, length, y + c, steps + c); }
            }
        }

        /// <summary>A register of columns; their steps are counted in floats, exactly.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Registers(float* x, int length, float* y, int* steps)
        {
            float* places = stackalloc float[SumLanes];
            long stride = Batch * Columns;
            float* next = x;
            T best = T.Load(x), place = T.Zero, at = T.Zero, one = T.One;
            for (int t = 1; t < length; t++)
            {
                next += stride;
                at += one;
                T candidate = T.Load(next);
                place = T.SelectLess(best, candidate, at, place);
                best = T.Max(best, candidate);
            }

            T.Store(y, best);
            T.Store(places, place);
            for (int j = 0; j < T.Width; j++)
            {
                if (float.IsNaN(y[j]))
                {
                    One(x + j, length, y + j, steps + j);
                    continue;
                }

                // read again, since of 0 and -0 the maximum may be either
                steps[j] = (int)places[j];
                y[j] = x[j + (steps[j] * stride)];
            }
        }

        /// <summary>One column.</summary>
        private void One(float* x, int length, float* y, int* step)
        {
            long stride = Batch * Columns;
            int best = 0;
            for (int t = 1; t < length && !float.IsNaN(x[best * stride]); t++)
            {
                if (!(x[t * stride] <= x[best * stride])) { best = t; }
            }

            *y = x[best * stride];
            *step = best;
        }
    }

    private sealed class MaxOverTimeBackwardJob : GrainedJob
    {
        public float* Dy;
        public int* Steps;
        public float* Dx;
        public int Time;
        public long Batch;
        public int Columns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (int t = 0; t < Time; t++)
            {
                NativeMemory.Clear(Dx + (((t * Batch) + start) * Columns), (nuint)((end - start) * Columns * sizeof(float)));
            }

            for (long i = start * Columns; i < end * Columns; i++)
            {
                if (Steps[i] >= 0) { Dx[(Steps[i] * Batch * Columns) + i] = Dy[i]; }
            }
        }
    }
}
