using RnnGpu.Core;
using Number = RnnGpu.Core.Real<double>;

namespace RnnGpu.Tests.Contract;

/// <summary>What a scan gives, in float64: states and outputs <c>[T, B, H]</c>, last states <c>[B, H]</c>.</summary>
public sealed record ScanTrace(double[] States, double[] Y, double[] Last);

/// <summary>Gradients of a scan: of gates, highway input, peepholes (<c>[B, 2H]</c>) and initial states.</summary>
public sealed record ScanGradients(double[] Gates, double[] Highway, double[] Peepholes, double[] Initial);

/// <summary>
/// A scan step by step, a unit of a row at a time, over double: slow and plain. The numbers are floats, so that a backend starts from the same ones.
/// </summary>
public sealed class ScanReference(ScanCase x)
{
    /// <summary>As in <see cref="ScanOperands"/>; NaN at inactive steps, where nothing may be read.</summary>
    public double[] Gates { get; } = x.Sequence(1, x.GateColumns, 2);

    /// <summary>Likewise.</summary>
    public double[] Highway { get; } = x.OwnHighway ? x.Sequence(2, x.Hidden, 1) : [];

    /// <summary><c>[2, H]</c>.</summary>
    public double[] Peepholes { get; } = x.Cell == ScanCellKind.Sru ? TestData.Widen(new TestData(3).Uniform(2L * x.Hidden)) : [];

    /// <summary><c>[B, H]</c>.</summary>
    public double[] Initial { get; } = x.HasInitial ? TestData.Widen(new TestData(4).Uniform((long)x.Batch * x.Hidden)) : [];

    /// <summary><c>[T, B, H]</c>: a gradient of the outputs.</summary>
    public double[] Dy { get; } = x.Sequence(5, x.Hidden, 1);

    /// <summary><c>[B, H]</c>: a gradient of the last states.</summary>
    public double[] DLast { get; } = TestData.Widen(new TestData(6).Uniform((long)x.Batch * x.Hidden));

    /// <summary>Forward.</summary>
    public ScanTrace Forward()
    {
        var trace = new ScanTrace(new double[x.Outputs], new double[x.Outputs], new double[x.Batch * x.Hidden]);
        for (int lane = 0; lane < x.Batch * x.Hidden; lane++)
        {
            (int row, int unit) = (lane / x.Hidden, lane % x.Hidden);
            double s = x.HasInitial ? Initial[lane] : 0;
            foreach (int t in x.ActiveSteps(row))
            {
                (Number a, Number b, Number c, Number d, Number v, Number w) = Operands(t, row, unit);
                Call(x.Cell).Forward(a, b, c, d, v, w, new Number(x.Clears(t, row) ? 0 : s), out Number next, out Number y);
                s = next.Value;
                trace.States[x.At(t, row, unit)] = s;
                trace.Y[x.At(t, row, unit)] = y.Value;
            }

            trace.Last[lane] = s;
        }

        return trace;
    }

    /// <summary>Backward, from <see cref="Dy"/> (or none) and <see cref="DLast"/>.</summary>
    public ScanGradients Backward(ScanTrace trace, bool withDy)
    {
        var gradients = new ScanGradients(
            new double[Gates.Length], new double[Highway.Length], new double[x.Batch * Peepholes.Length], new double[x.Batch * x.Hidden]);
        for (int lane = 0; lane < x.Batch * x.Hidden; lane++)
        {
            (int row, int unit) = (lane / x.Hidden, lane % x.Hidden);
            var ds = new Number(DLast[lane]);
            int[] steps = [.. x.ActiveSteps(row)];
            for (int n = steps.Length - 1; n >= 0; n--)
            {
                int t = steps[n], at = x.At(t, row, unit);
                double s = x.Clears(t, row) ? 0 : n > 0 ? trace.States[x.At(steps[n - 1], row, unit)] : x.HasInitial ? Initial[lane] : 0;
                (Number a, Number b, Number c, Number d, Number v, Number w) = Operands(t, row, unit);
                Call(x.Cell).Backward(
                    ref a, ref b, ref c, ref d, ref v, ref w, new Number(s), new Number(trace.States[at]), new Number(withDy ? Dy[at] : 0), ref ds);
                Number[] blocks = [a, b, c];
                int gates = Layouts.Gates(x.Cell);
                for (int gate = 0; gate < gates; gate++) { gradients.Gates[x.GateAt(t, row, gate, unit)] = blocks[gate].Value; }
                if (x.OwnHighway) { gradients.Highway[at] = d.Value; }
                else if (x.Cell == ScanCellKind.Sru) { gradients.Gates[x.GateAt(t, row, 3, unit)] = d.Value; }
                if (x.Cell == ScanCellKind.Sru)
                {
                    gradients.Peepholes[(2 * row * x.Hidden) + unit] += v.Value;
                    gradients.Peepholes[(((2 * row) + 1) * x.Hidden) + unit] += w.Value;
                }

                if (x.Clears(t, row)) { ds = Number.Zero; }
            }

            gradients.Initial[lane] = ds.Value;
        }

        return gradients;
    }

    private (Number A, Number B, Number C, Number D, Number V, Number W) Operands(int t, int row, int unit)
    {
        Number Gate(int gate) => new(Gates[x.GateAt(t, row, gate, unit)]);
        bool sru = x.Cell == ScanCellKind.Sru;
        return (Gate(0), Gate(1), Layouts.Gates(x.Cell) > 2 ? Gate(2) : default,
            x.OwnHighway ? new Number(Highway[x.At(t, row, unit)]) : sru ? Gate(3) : default,
            sru ? new Number(Peepholes[unit]) : default, sru ? new Number(Peepholes[x.Hidden + unit]) : default);
    }

    private static Equations Call(ScanCellKind cell) => cell switch
    {
        ScanCellKind.Diagonal => Equations<DiagonalCell>.Instance,
        ScanCellKind.MinGru => Equations<MinGruCell>.Instance,
        ScanCellKind.MinLstm => Equations<MinLstmCell>.Instance,
        ScanCellKind.Sru => Equations<SruCell>.Instance,
        ScanCellKind.Qrnn => Equations<QrnnCell>.Instance,
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "unknown cell"),
    };

    private abstract class Equations
    {
        public abstract void Forward(Number a, Number b, Number c, Number d, Number v, Number w, Number s, out Number next, out Number y);

        public abstract void Backward(
            ref Number a, ref Number b, ref Number c, ref Number d, ref Number v, ref Number w, Number s, Number next, Number dy, ref Number ds);
    }

    private sealed class Equations<TCell> : Equations
        where TCell : struct, IScanCell
    {
        public static readonly Equations<TCell> Instance = new();

        public override void Forward(Number a, Number b, Number c, Number d, Number v, Number w, Number s, out Number next, out Number y) =>
            TCell.Forward(a, b, c, d, v, w, s, out next, out y);

        public override void Backward(
            ref Number a, ref Number b, ref Number c, ref Number d, ref Number v, ref Number w, Number s, Number next, Number dy, ref Number ds) =>
            TCell.Backward(ref a, ref b, ref c, ref d, ref v, ref w, s, next, dy, ref ds);
    }
}
