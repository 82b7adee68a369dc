namespace RnnGpu.Core;

/// <summary>Sizes of a scan's operands.</summary>
/// <param name="Steps">T.</param>
/// <param name="Batch">B.</param>
/// <param name="Hidden">H.</param>
/// <param name="GateColumns">Columns of the gates: G*H, or 4H for SRU with its highway input there.</param>
public readonly record struct ScanSizes(int Steps, int Batch, int Hidden, int GateColumns);

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.ScanForward"/>.</summary>
    public static ScanSizes ScanForward(in ScanOperands scan, in TensorView states, in TensorView y, in TensorView last)
    {
        const string Op = nameof(ScanForward);
        ScanSizes sizes = Scan(scan, last, nameof(last), Op);
        long outputs = (long)sizes.Steps * sizes.Batch * sizes.Hidden;
        if (Layouts.OutputIsState(scan.Cell) && !states.IsEmpty) { Fail(Op, $"the outputs of {scan.Cell} are its states: they go to y, not to {nameof(states)}"); }
        OptionalFloats(states, nameof(states), outputs, Op);
        OptionalFloats(y, nameof(y), outputs, Op);
        return sizes;
    }

    /// <summary>Arguments of <see cref="IBackend.ScanBackward"/>.</summary>
    public static ScanSizes ScanBackward(
        in ScanOperands scan, in TensorView states, in TensorView dy, in TensorView dState, in TensorView dGates, in TensorView dHighway,
        in TensorView dPeepholes)
    {
        const string Op = nameof(ScanBackward);
        ScanSizes sizes = Scan(scan, dState, nameof(dState), Op);
        long outputs = (long)sizes.Steps * sizes.Batch * sizes.Hidden;
        Floats(states, nameof(states), outputs, Op);
        OptionalFloats(dy, nameof(dy), outputs, Op);
        Floats(dGates, nameof(dGates), scan.Gates.Length, Op);
        if (scan.Highway.IsEmpty != dHighway.IsEmpty) { Fail(Op, $"{nameof(dHighway)} goes with a highway input of its own, not {dHighway}"); }
        OptionalFloats(dHighway, nameof(dHighway), outputs, Op);
        if (scan.Cell == ScanCellKind.Sru) { Floats(dPeepholes, nameof(dPeepholes), 2L * sizes.Batch * sizes.Hidden, Op); }
        else if (!dPeepholes.IsEmpty) { Fail(Op, $"{scan.Cell} has no peepholes"); }
        return sizes;
    }

    private static ScanSizes Scan(in ScanOperands scan, in TensorView state, string stateName, string op)
    {
        Floats(scan.Gates, "gates", op);
        Floats(state, stateName, op);
        Shape shape = scan.Gates.Shape;
        bool sru = scan.Cell == ScanCellKind.Sru;
        int blocks = Layouts.Gates(scan.Cell) + (sru && scan.Highway.IsEmpty ? 1 : 0);
        if (shape.Rank != 3 || shape[2] == 0 || shape[2] % blocks != 0) { Fail(op, $"gates of {scan.Cell} are [T, B, {blocks} H], not {shape}"); }
        (int steps, int batch, int hidden) = (shape[0], shape[1], shape[2] / blocks);
        long lanes = (long)batch * hidden;
        Floats(state, stateName, lanes, op);
        if (!sru && !(scan.Highway.IsEmpty && scan.Peepholes.IsEmpty)) { Fail(op, $"{scan.Cell} has neither a highway input nor peepholes"); }
        OptionalFloats(scan.Highway, "highway", steps * lanes, op);
        if (sru) { Floats(scan.Peepholes, "peepholes", 2L * hidden, op); }
        OptionalFloats(scan.Initial, "initial", lanes, op);
        if (!scan.Lengths.IsEmpty) { Ints(scan.Lengths, "lengths", batch, op); }
        if (!scan.Resets.IsEmpty) { Ints(scan.Resets, "resets", (long)steps * batch, op); }
        return new ScanSizes(steps, batch, hidden, shape[2]);
    }
}
