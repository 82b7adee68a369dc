using RnnGpu.Core;
using Number = RnnGpu.Core.Real<double>;

namespace RnnGpu.Cli.SelfTest;

/// <summary>
/// A small recurrence in float64 by plain loops, with the cell equations of <c>RnnGpu.Core/Cells</c>: rows of several lengths, one of
/// them cleared on its way.
/// </summary>
internal sealed class RecurrentSample(CellKind cell, int steps, int batch, int hidden, float[] weight, float[] recurrentBias, int[] lengths, int[] resets)
{
    private readonly int _gates = Layouts.Gates(cell);

    /// <summary>Outputs <c>[T, B, H]</c> and the states that leave <c>[B, H]</c>.</summary>
    public (double[] Y, double[] H, double[] C) Forward(double[] pre, double[] h0, double[] c0)
    {
        double[] y = new double[steps * batch * hidden], h = [.. h0], c = [.. c0];
        for (int t = 0; t < steps; t++)
        {
            for (int b = 0; b < batch; b++)
            {
                if (t >= lengths[b]) { continue; }
                Span<double> hRow = h.AsSpan(b * hidden, hidden), cRow = c.AsSpan(b * hidden, hidden);
                if (resets[(t * batch) + b] != 0)
                {
                    hRow.Clear();
                    cRow.Clear();
                }

                Step(pre.AsSpan(((t * batch) + b) * _gates * hidden, _gates * hidden), hRow, cRow);
                hRow.CopyTo(y.AsSpan(((t * batch) + b) * hidden, hidden));
            }
        }

        return (y, h, c);
    }

    private void Step(ReadOnlySpan<double> pre, Span<double> h, Span<double> c)
    {
        double[] old = h.ToArray(), gates = pre.ToArray();
        if (cell == CellKind.GruResetBefore)
        {
            AddProduct(gates, old, 0, 2 * hidden);
            var p = new double[hidden];
            for (int j = 0; j < hidden; j++)
            {
                Number r = new(gates[j]), z = new(gates[hidden + j]);
                GruResetBeforeCell.ForwardGates(ref r, ref z, new Number(old[j]), out Number reset);
                (gates[hidden + j], p[j]) = (z.Value, reset.Value);
            }

            AddProduct(gates, p, 2 * hidden, 3 * hidden);
        }
        else
        {
            AddProduct(gates, old, 0, (cell == CellKind.GruResetAfter ? 2 : _gates) * hidden);
        }

        for (int j = 0; j < hidden; j++) { (h[j], c[j]) = Cell(gates, old, j, c[j]); }
    }

    private (double H, double C) Cell(double[] gates, double[] old, int j, double c)
    {
        Number G(int gate) => new(gates[(gate * hidden) + j]);
        Number a = G(0), state = new(old[j]), after;
        switch (cell)
        {
            case CellKind.ElmanTanh:
                return (ElmanCell.ForwardTanh(a).Value, 0);
            case CellKind.ElmanRelu:
                return (ElmanCell.ForwardRelu(a).Value, 0);
            case CellKind.Lstm:
                Number f = G(1), g = G(2), o = G(3);
                LstmCell.Forward(ref a, ref f, ref g, ref o, new Number(c), out Number cNew, out after);
                return (after.Value, cNew.Value);
            case CellKind.GruResetAfter:
                double q = recurrentBias[j];
                for (int k = 0; k < hidden; k++) { q += (double)weight[(((2 * hidden) + j) * hidden) + k] * old[k]; }
                Number z = G(1), n = G(2);
                GruResetAfterCell.Forward(ref a, ref z, ref n, new Number(q), state, out after);
                return (after.Value, 0);
            default:
                Number candidate = G(2);
                GruResetBeforeCell.ForwardState(G(1), ref candidate, state, out after);
                return (after.Value, 0);
        }
    }

    private void AddProduct(double[] gates, double[] h, int first, int end)
    {
        for (int row = first; row < end; row++)
        {
            for (int k = 0; k < hidden; k++) { gates[row] += (double)weight[(row * hidden) + k] * h[k]; }
        }
    }
}
