using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly SoftmaxJob _softmax = new();
    private readonly SoftmaxBackwardJob _softmaxBackward = new();

    public void Softmax(in TensorView x, in TensorView y)
    {
        Check.Softmax(x, y);
        if (x.Length == 0) { return; }
        _softmax.X = Floats(x);
        _softmax.Columns = x.Shape.Columns;
        _softmax.Y = Floats(y);
        _softmax.OverRows(x.Shape.Rows, x.Shape.Columns, TranscendentalCost, _team);
    }

    public void SoftmaxBackward(in TensorView y, in TensorView dy, in TensorView dx)
    {
        Check.SoftmaxBackward(y, dy, dx);
        if (y.Length == 0) { return; }
        _softmaxBackward.Y = Floats(y);
        _softmaxBackward.Dy = Floats(dy);
        _softmaxBackward.Columns = y.Shape.Columns;
        _softmaxBackward.Dx = Floats(dx);
        _softmaxBackward.OverRows(y.Shape.Rows, y.Shape.Columns, cost: 2, _team);
    }

    /// <summary>exp(x - max), written to y where there is one while it is summed.</summary>
    private readonly struct ExpTerm(float* x, float max, float* y) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i)
        {
            T e = SimdMath.ExpOfNonPositive(T.Load(x + i) - T.Broadcast(max));
            if (y != null) { T.Store(y + i, e); }
            return e;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n)
        {
            T e = FirstLanes(SimdMath.ExpOfNonPositive(T.LoadPartial(x + i, n) - T.Broadcast(max)), n);
            if (y != null) { T.StorePartial(y + i, e, n); }
            return e;
        }
    }

    /// <summary>y = a x + b over a row; in place allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleRow(float a, float* x, float b, float* y, long n)
    {
        T factor = T.Broadcast(a), shift = T.Broadcast(b);
        int w = T.Width;
        long i = 0;
        for (; i <= n - w; i += w) { T.Store(y + i, T.MultiplyAdd(factor, T.Load(x + i), shift)); }
        if (i < n) { T.StorePartial(y + i, T.MultiplyAdd(factor, T.LoadPartial(x + i, (int)(n - i)), shift), (int)(n - i)); }
    }

    private sealed class SoftmaxJob : GrainedJob
    {
        public float* X;
        public long Columns;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* x = X + (row * Columns), y = Y + (row * Columns);
                double sum = Sum(new ExpTerm(x, Max(x, Columns), y), Columns);
                ScaleRow((float)(1 / sum), y, 0f, y, Columns);
            }
        }
    }

    private sealed class SoftmaxBackwardJob : GrainedJob
    {
        public float* Y;
        public float* Dy;
        public long Columns;
        public float* Dx;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                long at = row * Columns;
                float dot = (float)Sum(new ProductTerm(Dy + at, Y + at), Columns);
                RunRow(Y + at, Dy + at, dot, Dx + at);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunRow(float* y, float* dy, float dot, float* dx)
        {
            T all = T.Broadcast(dot);
            int w = T.Width;
            long i = 0;
            for (; i <= Columns - w; i += w) { T.Store(dx + i, T.Load(y + i) * (T.Load(dy + i) - all)); }
            if (i < Columns)
            {
                int n = (int)(Columns - i);
                T.StorePartial(dx + i, T.LoadPartial(y + i, n) * (T.LoadPartial(dy + i, n) - all), n);
            }
        }
    }
}
