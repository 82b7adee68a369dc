using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>Forward scan: reads gates once, writes states and outputs once.</summary>
    private sealed class ScanForwardJob<TCell> : ScanJob
        where TCell : struct, IScanCell
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            long count = end - start;
            if (Initial == null) { Clear(State + start, count); }
            else if (Initial != State) { Buffer.MemoryCopy(Initial + start, State + start, count * sizeof(float), count * sizeof(float)); }
            long first = start / Hidden, behind = ((end - 1) / Hidden) + 1;
            for (int n = 0; n < Steps; n++)
            {
                int t = Reverse ? Steps - 1 - n : n;
                for (long row = first; row < behind; row++)
                {
                    (int from, int to) = UnitsOf(row, start, end);
                    if (Runs(row, t)) { Row(t, row, from, to); }
                    else if (Y != null) { Clear(Y + ((((long)t * Batch) + row) * Hidden) + from, to - from); }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Row(int t, long row, int from, int to)
        {
            long at = ((long)t * Batch) + row, h = Hidden;
            float* gates = Gates + (at * GateStride), highway = Highway + (at * HighwayStride), state = State + (row * h);
            float* v = Peepholes, w = Peepholes + h;
            float* states = States == null ? null : States + (at * h), y = Y == null ? null : Y + (at * h);
            bool clears = Clears(row, t);
            for (int unit = from; unit < to; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, to - unit);
                float* p = gates + unit;
                TCell.Forward(
                    Load(p, lanes), Load(p + h, lanes), TCell.Gates > 2 ? Load(p + (2 * h), lanes) : T.Zero,
                    TCell.HasHighway ? Load(highway + unit, lanes) : T.Zero,
                    TCell.HasPeepholes ? Load(v + unit, lanes) : T.Zero, TCell.HasPeepholes ? Load(w + unit, lanes) : T.Zero,
                    clears ? T.Zero : Load(state + unit, lanes), out T sNew, out T output);
                Store(state + unit, sNew, lanes);
                if (!TCell.OutputIsState && states != null) { Store(states + unit, sNew, lanes); }
                if (y != null) { Store(y + unit, output, lanes); }
            }
        }
    }
}
