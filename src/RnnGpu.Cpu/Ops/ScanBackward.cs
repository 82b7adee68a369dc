using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>Scan back in time: reads gates, states and dy once, writes the gates' gradients once.</summary>
    private sealed class ScanBackwardJob<TCell> : ScanJob
        where TCell : struct, IScanCell
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            long first = start / Hidden, behind = ((end - 1) / Hidden) + 1;
            for (long row = first; TCell.HasPeepholes && row < behind; row++)
            {
                (int from, int to) = UnitsOf(row, start, end);
                Clear(DPeepholes + (2 * row * Hidden) + from, to - from);
                Clear(DPeepholes + (((2 * row) + 1) * Hidden) + from, to - from);
            }

            for (int n = 0; n < Steps; n++)
            {
                int t = Reverse ? n : Steps - 1 - n;
                for (long row = first; row < behind; row++)
                {
                    (int from, int to) = UnitsOf(row, start, end);
                    if (Runs(row, t)) { Row(t, row, from, to); }
                    else { ClearRow(t, row, from, to - from); }
                }
            }
        }

        private void ClearRow(int t, long row, int from, int count)
        {
            long at = ((long)t * Batch) + row;
            for (int gate = 0; gate < TCell.Gates; gate++) { Clear(DGates + (at * GateStride) + ((long)gate * Hidden) + from, count); }
            if (TCell.HasHighway) { Clear(DHighway + (at * DHighwayStride) + from, count); }
        }

        /// <summary>States that entered step t; null for zeros.</summary>
        private float* Before(int t, long row)
        {
            if (Clears(row, t)) { return null; }
            int before = Reverse ? t + 1 : t - 1;
            if (before >= 0 && before < Steps && Runs(row, before)) { return States + ((((long)before * Batch) + row) * Hidden); }
            return Initial == null ? null : Initial + (row * Hidden);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Row(int t, long row, int from, int to)
        {
            long at = ((long)t * Batch) + row, h = Hidden;
            float* gates = Gates + (at * GateStride), highway = Highway + (at * HighwayStride), states = States + (at * h);
            float* dGates = DGates + (at * GateStride), dHighway = DHighway + (at * DHighwayStride), dState = State + (row * h);
            float* before = Before(t, row), dy = Y == null ? null : Y + (at * h);
            float* v = Peepholes, w = Peepholes + h, dv = DPeepholes + (2 * row * h), dw = dv + h;
            bool clears = Clears(row, t);
            for (int unit = from; unit < to; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, to - unit);
                float* p = gates + unit;
                T a = Load(p, lanes), b = Load(p + h, lanes), c = TCell.Gates > 2 ? Load(p + (2 * h), lanes) : T.Zero;
                T d = TCell.HasHighway ? Load(highway + unit, lanes) : T.Zero;
                T wv = TCell.HasPeepholes ? Load(v + unit, lanes) : T.Zero, ww = TCell.HasPeepholes ? Load(w + unit, lanes) : T.Zero;
                T s = before == null ? T.Zero : Load(before + unit, lanes), ds = Load(dState + unit, lanes);
                T sNew = TCell.OutputIsState ? T.Zero : Load(states + unit, lanes);
                TCell.Backward(ref a, ref b, ref c, ref d, ref wv, ref ww, s, sNew, dy == null ? T.Zero : Load(dy + unit, lanes), ref ds);
                p = dGates + unit;
                Store(p, a, lanes);
                Store(p + h, b, lanes);
                if (TCell.Gates > 2) { Store(p + (2 * h), c, lanes); }
                if (TCell.HasHighway) { Store(dHighway + unit, d, lanes); }
                if (TCell.HasPeepholes)
                {
                    Store(dv + unit, Load(dv + unit, lanes) + wv, lanes);
                    Store(dw + unit, Load(dw + unit, lanes) + ww, lanes);
                }

                Store(dState + unit, clears ? T.Zero : ds, lanes);
            }
        }
    }
}
