using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

public abstract partial class ProductContract
{
    /// <summary>
    /// Each step by itself, from the state that the backend itself left. In fp32 pre-activations are chains of multiply-adds bit for
    /// bit (seen through ReLU and in q), so gates differ from the exact function of them by the function's own error only. In other
    /// modes they are sums over rounded factors, with the tolerance of such a sum.
    /// </summary>
    private void CheckSteps(RecurrentRun run, RecurrentCase x)
    {
        int hidden = x.Hidden, wide = x.Gates * hidden;
        double[] gates = new double[run.Gates.Length], tolerances = new double[run.Gates.Length];
        double[] q = new double[run.Extra.Length], qTolerances = new double[run.Extra.Length];
        float[] weights = Factors.Round(Mode, x.Weights), states = Factors.Round(Mode, run.H), resetStates = Factors.Round(Mode, run.Extra);
        for (int i = 0; i < x.Steps * x.Batch; i++)
        {
            if (!x.IsActive(i / x.Batch, i % x.Batch)) { continue; }
            ReadOnlySpan<float> h = states.AsSpan((i + (x.Reverse ? x.Batch : 0)) * hidden, hidden);
            for (int row = 0; row < wide; row++)
            {
                int unit = row % hidden, at = (i * wide) + row;
                bool candidate = row >= 2 * hidden;
                bool apart = candidate && x.Cell == CellKind.GruResetAfter;
                ReadOnlySpan<float> state = candidate && x.Cell == CellKind.GruResetBefore ? resetStates.AsSpan(i * hidden, hidden) : h;
                float start = !apart ? x.Pre[at] : x.RecurrentBias.Length > 0 ? x.RecurrentBias[unit] : 0;
                (double sum, double tolerance) = Sum(start, state, weights.AsSpan(row * hidden, hidden));
                if (apart)
                {
                    (q[(i * hidden) + unit], qTolerances[(i * hidden) + unit]) = (sum, tolerance);
                    double inner = (double)run.Gates[(i * wide) + unit] * run.Extra[(i * hidden) + unit];
                    gates[at] = Math.Tanh(x.Pre[at] + inner);
                    tolerances[at] = Tolerances.CellFunction(Mode, gates[at]) + Tolerances.Chain(2, Math.Abs(x.Pre[at]) + Math.Abs(inner));
                }
                else if (x.Cell == CellKind.ElmanRelu)
                {
                    gates[at] = Math.Max(sum, 0);
                    tolerances[at] = tolerance;
                }
                else
                {
                    bool tanh = x.Cell == CellKind.ElmanTanh || row / hidden == 2;
                    gates[at] = tanh ? Math.Tanh(sum) : 1 / (1 + Math.Exp(-sum));
                    tolerances[at] = Tolerances.CellFunction(Mode, gates[at]) + tolerance;
                }
            }
        }

        Compare.Near($"{run}: gates from the steps' products", gates, Masked(x, run.Gates, wide), tolerances);
        if (x.Cell != CellKind.GruResetAfter) { return; }
        if (Mode == ComputeMode.Fp32) { Compare.Bits($"{run}: q as a chain", Array.ConvertAll(q, value => (float)value), run.Extra); }
        else { Compare.Near($"{run}: q", q, run.Extra, qTolerances); }
    }

    /// <summary>One element of a product, with its tolerance: 0 in fp32, where it is a chain of multiply-adds.</summary>
    private (double Sum, double Tolerance) Sum(float start, ReadOnlySpan<float> state, ReadOnlySpan<float> weights)
    {
        if (Mode == ComputeMode.Fp32)
        {
            float chain = start;
            for (int k = 0; k < state.Length; k++) { chain = MathF.FusedMultiplyAdd(state[k], weights[k], chain); }
            return (chain, 0);
        }

        double sum = start, magnitude = Math.Abs(start);
        for (int k = 0; k < state.Length; k++)
        {
            double term = (double)state[k] * weights[k];
            sum += term;
            magnitude += Math.Abs(term);
        }

        return (sum, Tolerances.TensorChain(state.Length, magnitude));
    }
}
