using RnnGpu.Core;
using Number = RnnGpu.Core.Real<double>;

namespace RnnGpu.Tests.Contract;

/// <summary>What one forward pass of <see cref="RecurrenceReference"/> leaves behind, slots as <see cref="RecurrentChunk.H"/> says.</summary>
public sealed class RecurrenceTrace
{
    /// <summary><c>[T, B, G*H]</c> activated gates; 0 at inactive steps.</summary>
    public required double[] Gates { get; init; }

    /// <summary><c>[T, B, H]</c>: q of GRU reset-after, p of GRU reset-before; 0 at inactive steps.</summary>
    public required double[] Extra { get; init; }

    /// <summary><c>[T+1, B, H]</c> states as the next step sees them.</summary>
    public required double[] H { get; init; }

    /// <summary><c>[T+1, B, H]</c> cell states as they left their step (LSTM).</summary>
    public required double[] C { get; init; }

    /// <summary><c>[T, B, H]</c> outputs: states after each step, 0 at inactive steps.</summary>
    public required double[] Y { get; init; }

    /// <summary><c>[B, H]</c> the state that leaves.</summary>
    public required double[] LastH { get; init; }

    /// <summary><c>[B, H]</c> the cell state that leaves (LSTM).</summary>
    public required double[] LastC { get; init; }
}

/// <summary>Gradients of one direction of one layer.</summary>
/// <param name="Gates"><c>[T, B, G*H]</c>: of W x; 0 at inactive steps.</param>
/// <param name="Extra"><c>[T, B, H]</c>: GRU reset-after: of q; GRU reset-before: p itself.</param>
/// <param name="H"><c>[B, H]</c>: of the state that enters.</param>
/// <param name="C"><c>[B, H]</c>: of the cell state that enters.</param>
public sealed record RecurrenceGradients(double[] Gates, double[] Extra, double[] H, double[] C);

/// <summary>
/// One direction of one layer in float64 by plain loops, with the cell equations of <c>RnnGpu.Core/Cells</c> and the semantics
/// of <see cref="RecurrentChunk"/>: what <see cref="IBackend.RecurrentForward"/> and <see cref="IBackend.RecurrentBackward"/> must give.
/// </summary>
public sealed class RecurrenceReference(CellKind cell, int steps, int batch, int hidden)
{
    private readonly int _gates = Layouts.Gates(cell);

    public required double[] WeightHh { get; init; }

    /// <summary>How states and gate gradients are rounded as factors of products; fp32: not at all. Weights come rounded.</summary>
    public ComputeMode Mode { get; init; }

    /// <summary><c>[H]</c> b_hn, GRU reset-after only; null: 0.</summary>
    public double[]? RecurrentBias { get; init; }

    public bool Reverse { get; init; }

    public int StepOffset { get; init; }

    public int[]? Lengths { get; init; }

    public int[]? Resets { get; init; }

    private bool IsActive(int t, int b) => Lengths is null || t + StepOffset < Lengths[b];

    private bool IsReset(int t, int b) => Resets is not null && Resets[(t * batch) + b] != 0 && IsActive(t, b);

    private int GateOf(int t, int b, int gate, int unit) => (((((t * batch) + b) * _gates) + gate) * hidden) + unit;

    private int UnitOf(int t, int b, int unit) => (((t * batch) + b) * hidden) + unit;

    private static Number R(double value) => new(value);

    private double Factor(double x) => Mode == ComputeMode.Fp32 ? x : Factors.Round(Mode, (float)x);

    /// <summary>The whole sequence forward.</summary>
    /// <param name="pre"><c>[T, B, G*H]</c>: W x and the biases, but b_hn of GRU reset-after.</param>
    /// <param name="h0"><c>[B, H]</c> or null: 0.</param>
    /// <param name="c0"><c>[B, H]</c> or null: 0.</param>
    public RecurrenceTrace Forward(double[] pre, double[]? h0, double[]? c0)
    {
        int state = batch * hidden;
        var gates = new double[steps * batch * _gates * hidden];
        double[] extra = new double[steps * state], y = new double[steps * state], zero = new double[hidden];
        double[] h = new double[(steps + 1) * state], c = new double[(steps + 1) * state];
        int entry = Reverse ? steps * state : 0;
        h0?.CopyTo(h, entry);
        c0?.CopyTo(c, entry);
        for (int s = 0; s < steps; s++)
        {
            int t = Reverse ? steps - 1 - s : s, from = Reverse ? t + 1 : t, to = Reverse ? t : t + 1;
            for (int b = 0; b < batch; b++)
            {
                Span<double> hIn = h.AsSpan((from * state) + (b * hidden), hidden), hOut = h.AsSpan((to * state) + (b * hidden), hidden);
                Span<double> cIn = c.AsSpan((from * state) + (b * hidden), hidden), cOut = c.AsSpan((to * state) + (b * hidden), hidden);
                if (IsActive(t, b))
                {
                    if (IsReset(t, b)) { hIn.Clear(); }
                    var g = gates.AsSpan(GateOf(t, b, 0, 0), _gates * hidden);
                    pre.AsSpan(GateOf(t, b, 0, 0), _gates * hidden).CopyTo(g);
                    StepForward(g, extra.AsSpan(UnitOf(t, b, 0), hidden), hIn, IsReset(t, b) ? zero : cIn, hOut, cOut);
                    hOut.CopyTo(y.AsSpan(UnitOf(t, b, 0), hidden));
                }
                else
                {
                    hIn.CopyTo(hOut);
                    cIn.CopyTo(cOut);
                }
            }
        }

        int exit = Reverse ? 0 : steps * state;
        return new RecurrenceTrace
        {
            Gates = gates,
            Extra = extra,
            H = h,
            C = c,
            Y = y,
            LastH = h[exit..(exit + state)],
            LastC = c[exit..(exit + state)],
        };
    }

    private void StepForward(Span<double> a, Span<double> extra, ReadOnlySpan<double> h, ReadOnlySpan<double> c, Span<double> hNew, Span<double> cNew)
    {
        if (cell == CellKind.GruResetAfter)
        {
            AddProduct(0, 2, h, a);
            RecurrentBias?.CopyTo(extra);
            AddProduct(2, 1, h, extra);
        }
        else if (cell == CellKind.GruResetBefore)
        {
            AddProduct(0, 2, h, a);
            for (int j = 0; j < hidden; j++)
            {
                Number r = R(a[j]), z = R(a[hidden + j]);
                GruResetBeforeCell.ForwardGates(ref r, ref z, R(h[j]), out Number p);
                (a[j], a[hidden + j], extra[j]) = (r.Value, z.Value, p.Value);
            }

            AddProduct(2, 1, extra, a[(2 * hidden)..]);
        }
        else
        {
            AddProduct(0, _gates, h, a);
        }

        for (int j = 0; j < hidden; j++)
        {
            switch (cell)
            {
                case CellKind.ElmanTanh:
                    a[j] = hNew[j] = ElmanCell.ForwardTanh(R(a[j])).Value;
                    break;
                case CellKind.ElmanRelu:
                    a[j] = hNew[j] = ElmanCell.ForwardRelu(R(a[j])).Value;
                    break;
                case CellKind.Lstm:
                    Number i = R(a[j]), f = R(a[hidden + j]), g = R(a[(2 * hidden) + j]), o = R(a[(3 * hidden) + j]);
                    LstmCell.Forward(ref i, ref f, ref g, ref o, R(c[j]), out Number cAfter, out Number hAfter);
                    (a[j], a[hidden + j], a[(2 * hidden) + j], a[(3 * hidden) + j]) = (i.Value, f.Value, g.Value, o.Value);
                    (cNew[j], hNew[j]) = (cAfter.Value, hAfter.Value);
                    break;
                case CellKind.GruResetAfter:
                    Number r = R(a[j]), z = R(a[hidden + j]), n = R(a[(2 * hidden) + j]);
                    GruResetAfterCell.Forward(ref r, ref z, ref n, R(extra[j]), R(h[j]), out hAfter);
                    (a[j], a[hidden + j], a[(2 * hidden) + j], hNew[j]) = (r.Value, z.Value, n.Value, hAfter.Value);
                    break;
                case CellKind.GruResetBefore:
                    n = R(a[(2 * hidden) + j]);
                    GruResetBeforeCell.ForwardState(R(a[hidden + j]), ref n, R(h[j]), out hAfter);
                    (a[(2 * hidden) + j], hNew[j]) = (n.Value, hAfter.Value);
                    break;
                default:
                    throw new InvalidOperationException($"the reference has no cell {cell}");
            }
        }
    }

    /// <summary>The whole sequence back in time.</summary>
    /// <param name="trace">From <see cref="Forward"/>.</param>
    /// <param name="dy"><c>[T, B, H]</c> or null: 0.</param>
    /// <param name="dhLast"><c>[B, H]</c> gradient of the state that leaves, or null: 0.</param>
    /// <param name="dcLast"><c>[B, H]</c> gradient of the cell state that leaves, or null: 0.</param>
    public RecurrenceGradients Backward(RecurrenceTrace trace, double[]? dy, double[]? dhLast, double[]? dcLast)
    {
        int state = batch * hidden;
        double[] dGates = (double[])trace.Gates.Clone(), dExtra = (double[])trace.Extra.Clone();
        double[] dh = dhLast is null ? new double[state] : (double[])dhLast.Clone();
        double[] dc = dcLast is null ? new double[state] : (double[])dcLast.Clone();
        var zero = new double[hidden];
        for (int s = steps - 1; s >= 0; s--)
        {
            int t = Reverse ? steps - 1 - s : s, from = Reverse ? t + 1 : t, to = Reverse ? t : t + 1;
            for (int b = 0; b < batch; b++)
            {
                Span<double> dhRow = dh.AsSpan(b * hidden, hidden), dcRow = dc.AsSpan(b * hidden, hidden);
                if (IsActive(t, b))
                {
                    for (int j = 0; dy is not null && j < hidden; j++) { dhRow[j] += dy[UnitOf(t, b, j)]; }
                    int entering = (from * state) + (b * hidden), leaving = (to * state) + (b * hidden);
                    StepBackward(
                        dGates.AsSpan(GateOf(t, b, 0, 0), _gates * hidden), dExtra.AsSpan(UnitOf(t, b, 0), hidden),
                        trace.H.AsSpan(entering, hidden), IsReset(t, b) ? zero : trace.C.AsSpan(entering, hidden),
                        trace.C.AsSpan(leaving, hidden), dhRow, dcRow);
                }

                if (IsReset(t, b))
                {
                    dhRow.Clear();
                    dcRow.Clear();
                }
            }
        }

        return new RecurrenceGradients(dGates, dExtra, dh, dc);
    }

    private void StepBackward(
        Span<double> a, Span<double> extra, ReadOnlySpan<double> h, ReadOnlySpan<double> c, ReadOnlySpan<double> cNew, Span<double> dh, Span<double> dc)
    {
        var bypass = new double[hidden];
        for (int j = 0; j < hidden; j++)
        {
            switch (cell)
            {
                case CellKind.ElmanTanh:
                    a[j] = ElmanCell.BackwardTanh(R(a[j]), R(dh[j])).Value;
                    break;
                case CellKind.ElmanRelu:
                    a[j] = ElmanCell.BackwardRelu(R(a[j]), R(dh[j])).Value;
                    break;
                case CellKind.Lstm:
                    Number i = R(a[j]), f = R(a[hidden + j]), g = R(a[(2 * hidden) + j]), o = R(a[(3 * hidden) + j]), dcell = R(dc[j]);
                    LstmCell.Backward(ref i, ref f, ref g, ref o, R(c[j]), R(cNew[j]), R(dh[j]), ref dcell);
                    (a[j], a[hidden + j], a[(2 * hidden) + j], a[(3 * hidden) + j], dc[j]) = (i.Value, f.Value, g.Value, o.Value, dcell.Value);
                    break;
                case CellKind.GruResetAfter:
                    Number r = R(a[j]), z = R(a[hidden + j]), n = R(a[(2 * hidden) + j]), q = R(extra[j]);
                    GruResetAfterCell.Backward(ref r, ref z, ref n, ref q, R(h[j]), R(dh[j]), out Number through);
                    (a[j], a[hidden + j], a[(2 * hidden) + j], extra[j]) = (r.Value, z.Value, n.Value, q.Value);
                    bypass[j] = through.Value;
                    break;
                case CellKind.GruResetBefore:
                    (z, n) = (R(a[hidden + j]), R(a[(2 * hidden) + j]));
                    GruResetBeforeCell.BackwardState(ref z, ref n, R(h[j]), R(dh[j]), out through);
                    (a[hidden + j], a[(2 * hidden) + j]) = (z.Value, n.Value);
                    bypass[j] = through.Value;
                    break;
                default:
                    throw new InvalidOperationException($"the reference has no cell {cell}");
            }
        }

        if (cell == CellKind.GruResetBefore)
        {
            var dp = new double[hidden];
            AddTransposedProduct(2, 1, a[(2 * hidden)..], dp);
            for (int j = 0; j < hidden; j++)
            {
                Number r = R(a[j]), through = R(bypass[j]);
                GruResetBeforeCell.BackwardGates(ref r, R(h[j]), R(dp[j]), ref through);
                (a[j], bypass[j]) = (r.Value, through.Value);
            }
        }

        bypass.CopyTo(dh);
        AddTransposedProduct(0, cell is CellKind.GruResetAfter or CellKind.GruResetBefore ? 2 : _gates, a, dh);
        if (cell == CellKind.GruResetAfter) { AddTransposedProduct(2, 1, extra, dh); }
    }

    /// <summary>y += R[gates] x.</summary>
    private void AddProduct(int firstGate, int gates, ReadOnlySpan<double> x, Span<double> y)
    {
        for (int row = 0; row < gates * hidden; row++)
        {
            for (int k = 0; k < hidden; k++) { y[row] += WeightHh[(((firstGate * hidden) + row) * hidden) + k] * Factor(x[k]); }
        }
    }

    /// <summary>y += R[gates]^T x.</summary>
    private void AddTransposedProduct(int firstGate, int gates, ReadOnlySpan<double> x, Span<double> y)
    {
        for (int row = 0; row < gates * hidden; row++)
        {
            for (int k = 0; k < hidden; k++) { y[k] += WeightHh[(((firstGate * hidden) + row) * hidden) + k] * Factor(x[row]); }
        }
    }
}
