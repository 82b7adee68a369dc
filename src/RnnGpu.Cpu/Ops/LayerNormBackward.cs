using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly LayerNormBackwardJob _layerNormBackward = new();
    private readonly LayerNormGammaJob _layerNormGamma = new();

    public void LayerNormBackward(
        in TensorView x, in TensorView gamma, in TensorView mean, in TensorView rstd, in TensorView dy,
        in TensorView dx, in TensorView dGamma, in TensorView dBeta)
    {
        Check.LayerNormBackward(x, gamma, mean, rstd, dy, dx, dGamma, dBeta);
        long rows = x.Shape.Rows;
        int columns = x.Shape.Columns;
        if (x.Length == 0) { return; }

        _layerNormGamma.Dy = Floats(dy);
        _layerNormGamma.Normal = new NormalTerm(Floats(x), Floats(dy), Floats(mean), Floats(rstd), columns);
        _layerNormGamma.Rows = rows;
        _layerNormGamma.Columns = columns;
        _layerNormGamma.DGamma = Floats(dGamma);
        _layerNormGamma.DBeta = Floats(dBeta);
        _layerNormGamma.OverColumns(columns, rows, _team);

        _layerNormBackward.X = Floats(x);
        _layerNormBackward.Gamma = Floats(gamma);
        _layerNormBackward.Mean = Floats(mean);
        _layerNormBackward.Rstd = Floats(rstd);
        _layerNormBackward.Dy = Floats(dy);
        _layerNormBackward.Columns = columns;
        _layerNormBackward.Dx = Floats(dx);
        _layerNormBackward.OverRows(rows, columns, cost: 3, _team);
    }

    /// <summary>dy (x - mean) rstd: what dGamma adds up.</summary>
    private readonly struct NormalTerm(float* x, float* dy, float* mean, float* rstd, long columns) : IRowTerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long row, long c)
        {
            long at = (row * columns) + c;
            return T.Load(dy + at) * ((T.Load(x + at) - T.Broadcast(mean[row])) * T.Broadcast(rstd[row]));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long row, long c, int n)
        {
            long at = (row * columns) + c;
            return T.LoadPartial(dy + at, n) * ((T.LoadPartial(x + at, n) - T.Broadcast(mean[row])) * T.Broadcast(rstd[row]));
        }
    }

    /// <summary>dy gamma (x - mean): its sum is that of gradient times normalised input, but for rstd.</summary>
    private readonly struct WeightedDeviationTerm(float* x, float mean, float* gamma, float* dy) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i) => T.Load(dy + i) * T.Load(gamma + i) * (T.Load(x + i) - T.Broadcast(mean));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n) =>
            T.LoadPartial(dy + i, n) * T.LoadPartial(gamma + i, n) * (T.LoadPartial(x + i, n) - T.Broadcast(mean));
    }

    private sealed class LayerNormGammaJob : GrainedJob
    {
        public float* Dy;
        public NormalTerm Normal;
        public long Rows;
        public long Columns;
        public float* DGamma;
        public float* DBeta;

        protected override void Run(long start, long end)
        {
            AddRows(Normal, Rows, start, end, DGamma);
            AddRows(new MatrixTerm(Dy, Columns), Rows, start, end, DBeta);
        }
    }

    /// <summary><c>dx = rstd (g - mean g - n mean(g n))</c> with g = dy gamma and n = (x - mean) rstd.</summary>
    private sealed class LayerNormBackwardJob : GrainedJob
    {
        public float* X;
        public float* Gamma;
        public float* Mean;
        public float* Rstd;
        public float* Dy;
        public long Columns;
        public float* Dx;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* x = X + (row * Columns), dy = Dy + (row * Columns);
                float mean = Mean[row], rstd = Rstd[row];
                double meanOfG = Sum(new ProductTerm(dy, Gamma), Columns) / Columns;
                double meanOfGn = Sum(new WeightedDeviationTerm(x, mean, Gamma, dy), Columns) * rstd / Columns;
                RunRow(x, mean, rstd, dy, (float)meanOfG, (float)(meanOfGn * rstd), Dx + (row * Columns));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunRow(float* x, float mean, float rstd, float* dy, float meanOfG, float slope, float* dx)
        {
            T m = T.Broadcast(mean), r = T.Broadcast(rstd), g0 = T.Broadcast(meanOfG), s = T.Broadcast(-slope);
            float* gamma = Gamma;
            long columns = Columns, i = 0;
            int w = T.Width;
            for (; i <= columns - w; i += w)
            {
                T g = T.Load(dy + i) * T.Load(gamma + i);
                T.Store(dx + i, r * T.MultiplyAdd(s, T.Load(x + i) - m, g - g0));
            }

            if (i < columns)
            {
                int n = (int)(columns - i);
                T g = T.LoadPartial(dy + i, n) * T.LoadPartial(gamma + i, n);
                T.StorePartial(dx + i, r * T.MultiplyAdd(s, T.LoadPartial(x + i, n) - m, g - g0), n);
            }
        }
    }
}
