using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly LayerNormJob _layerNorm = new();

    public void LayerNorm(
        in TensorView x, in TensorView gamma, in TensorView beta, float epsilon, in TensorView y, in TensorView mean, in TensorView rstd)
    {
        Check.LayerNorm(x, gamma, beta, y, mean, rstd);
        int columns = x.Shape.Columns;
        if (x.Length == 0) { return; }
        _layerNorm.X = Floats(x);
        _layerNorm.Gamma = Floats(gamma);
        _layerNorm.Beta = Floats(beta);
        _layerNorm.Epsilon = epsilon;
        _layerNorm.Columns = columns;
        _layerNorm.Y = Floats(y);
        _layerNorm.Mean = Floats(mean);
        _layerNorm.Rstd = Floats(rstd);
        _layerNorm.OverRows(x.Shape.Rows, columns, cost: 3, _team);
    }

    /// <summary>(x - mean)².</summary>
    private readonly struct SquaredDeviationTerm(float* x, float mean) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i)
        {
            T d = T.Load(x + i) - T.Broadcast(mean);
            return d * d;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n)
        {
            T d = FirstLanes(T.LoadPartial(x + i, n) - T.Broadcast(mean), n);
            return d * d;
        }
    }

    private sealed class LayerNormJob : GrainedJob
    {
        public float* X;
        public float* Gamma;
        public float* Beta;
        public float Epsilon;
        public long Columns;
        public float* Y;
        public float* Mean;
        public float* Rstd;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* x = X + (row * Columns);
                float mean = (float)(Sum(new ValueTerm(x), Columns) / Columns);
                double variance = Sum(new SquaredDeviationTerm(x, mean), Columns) / Columns;
                float rstd = (float)(1 / Math.Sqrt(variance + Epsilon));
                Mean[row] = mean;
                Rstd[row] = rstd;
                RunRow(x, mean, rstd, Y + (row * Columns));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunRow(float* x, float mean, float rstd, float* y)
        {
            T m = T.Broadcast(mean), r = T.Broadcast(rstd);
            float* gamma = Gamma, beta = Beta;
            long columns = Columns, i = 0;
            int w = T.Width;
            for (; i <= columns - w; i += w)
            {
                T normal = (T.Load(x + i) - m) * r;
                T.Store(y + i, T.MultiplyAdd(T.Load(gamma + i), normal, T.Load(beta + i)));
            }

            if (i < columns)
            {
                int n = (int)(columns - i);
                T normal = (T.LoadPartial(x + i, n) - m) * r;
                T.StorePartial(y + i, T.MultiplyAdd(T.LoadPartial(gamma + i, n), normal, T.LoadPartial(beta + i, n)), n);
            }
        }
    }
}
