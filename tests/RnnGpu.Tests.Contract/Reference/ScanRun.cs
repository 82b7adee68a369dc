using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Runs a <see cref="ScanCase"/> forward and back on a backend, in guarded tensors, and holds what it left.</summary>
public sealed class ScanRun
{
    /// <summary>Runs it.</summary>
    /// <param name="withY">Whether outputs are asked for and have a gradient.</param>
    /// <param name="inPlace">Whether last states take the place of the initial ones, and gradients of the gates that of the gates, where that is allowed.</param>
    public ScanRun(IBackend backend, ScanCase x, ScanReference data, bool withY = true, bool inPlace = false)
    {
        using var tensors = new GuardedTensors(backend);
        bool outputIsState = Layouts.OutputIsState(x.Cell);
        (int steps, int batch, int hidden) = (x.Steps, x.Batch, x.Hidden);
        GuardedTensor Given(string name, double[] values, params ReadOnlySpan<int> shape) => tensors.Source(name, Narrow(values), shape);
        GuardedTensor gates = inPlace ? tensors.Updated("gates", Narrow(data.Gates), steps, batch, x.GateColumns) : Given("gates", data.Gates, steps, batch, x.GateColumns);
        var operands = new ScanOperands
        {
            Cell = x.Cell,
            Gates = gates.View,
            Highway = x.OwnHighway ? Given("highway", data.Highway, steps, batch, hidden).View : default,
            Peepholes = x.Cell == ScanCellKind.Sru ? Given("peepholes", data.Peepholes, 2, hidden).View : default,
            Initial = x.HasInitial ? Given("initial", data.Initial, batch, hidden).View : default,
            Lengths = x.Lengths is null ? default : tensors.Source("lengths", x.Lengths, batch).View,
            Resets = x.Resets is null ? default : tensors.Source("resets", x.Resets, steps, batch).View,
            Reverse = x.Reverse,
        };
        GuardedTensor y = tensors.Destination("y", steps, batch, hidden), states = tensors.Destination("states", steps, batch, hidden);
        GuardedTensor last = tensors.Destination("last", batch, hidden);
        backend.ScanForward(operands, outputIsState ? default : states.View, withY || outputIsState ? y.View : default, last.View);
        (Y, Last) = (withY || outputIsState ? y.Floats() : [], last.Floats());
        if (inPlace && x.HasInitial)
        {
            GuardedTensor state = tensors.Updated("state", Narrow(data.Initial), batch, hidden);
            backend.ScanForward(operands with { Initial = state.View }, default, default, state.View);
            Compare.Bits($"{x}: last states in place of the initial ones, without outputs", Last, state.Floats());
        }

        GuardedTensor dState = tensors.Updated("dState", Narrow(data.DLast), batch, hidden);
        GuardedTensor dGates = inPlace ? gates : tensors.Destination("dGates", steps, batch, x.GateColumns);
        GuardedTensor? dHighway = x.OwnHighway ? tensors.Destination("dHighway", steps, batch, hidden) : null;
        GuardedTensor? dPeepholes = x.Cell == ScanCellKind.Sru ? tensors.Destination("dPeepholes", batch, 2 * hidden) : null;
        backend.ScanBackward(
            operands, outputIsState ? y.View : states.View, withY ? Given("dy", data.Dy, steps, batch, hidden).View : default, dState.View, dGates.View,
            dHighway?.View ?? default, dPeepholes?.View ?? default);
        (DGates, DInitial) = (dGates.Floats(), dState.Floats());
        (DHighway, DPeepholes) = (dHighway?.Floats() ?? [], dPeepholes?.Floats() ?? []);
        tensors.Check(x.ToString());
    }

    /// <summary><c>[T, B, H]</c>, or nothing.</summary>
    public float[] Y { get; }

    /// <summary><c>[B, H]</c>.</summary>
    public float[] Last { get; }

    /// <summary>Shape of the gates.</summary>
    public float[] DGates { get; }

    /// <summary><c>[T, B, H]</c>, or nothing.</summary>
    public float[] DHighway { get; }

    /// <summary><c>[B, 2H]</c>, or nothing.</summary>
    public float[] DPeepholes { get; }

    /// <summary><c>[B, H]</c>.</summary>
    public float[] DInitial { get; }

    /// <summary>All of it.</summary>
    public float[][] All => [Y, Last, DGates, DHighway, DPeepholes, DInitial];

    private static float[] Narrow(double[] values) => Array.ConvertAll(values, value => (float)value);
}
