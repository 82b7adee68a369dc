namespace RnnGpu.Core;

/// <summary>
/// Operands that both directions of <see cref="IBackend.ScanForward"/> share. A row b is active at step t while t &lt; lengths[b]; at inactive steps
/// its state passes through, nothing is read and its output is 0. Where <c>resets[t, b] != 0</c> at an active step, the state that enters step t (in
/// the order of processing) is 0.
/// </summary>
public readonly record struct ScanOperands
{
    /// <summary>Cell.</summary>
    public required ScanCellKind Cell { get; init; }

    /// <summary>
    /// <c>[T, B, G*H]</c>: pre-activations of all steps, W x + b, in the cell's order of gates. SRU without <see cref="Highway"/> takes
    /// <c>[T, B, 4H]</c>, the highway input behind the gates.
    /// </summary>
    public required TensorView Gates { get; init; }

    /// <summary><c>[T, B, H]</c>, SRU only: the highway input where it is not in <see cref="Gates"/>.</summary>
    public TensorView Highway { get; init; }

    /// <summary><c>[2, H]</c>, SRU only: v of the forget gate, w of the reset gate.</summary>
    public TensorView Peepholes { get; init; }

    /// <summary><c>[B, H]</c>: states before the first step; empty: zeros.</summary>
    public TensorView Initial { get; init; }

    /// <summary><c>[B]</c> int: steps of each row, any order, taken as 0 below 0 and as T above T; empty: all rows have T.</summary>
    public TensorView Lengths { get; init; }

    /// <summary><c>[T, B]</c> int: where not 0, the row's state is cleared before that step; empty: never.</summary>
    public TensorView Resets { get; init; }

    /// <summary>Whether the steps run from the last to the first.</summary>
    public bool Reverse { get; init; }
}

public partial interface IBackend
{
    /// <summary>
    /// A cell with a diagonal recurrence over all steps, from pre-activations to outputs in one pass over memory: activations, recurrence and output
    /// of each unit (<see cref="IScanCell"/>), a unit's steps one after another in order. Rows and units do not depend on one another.
    /// </summary>
    /// <param name="scan">What.</param>
    /// <param name="states"><c>[T, B, H]</c>: the state after each active step, undefined at others; for <see cref="ScanBackward"/>. Only for cells whose
    /// output is not their state (<see cref="Layouts.OutputIsState"/>), and there empty where no backward pass follows.</param>
    /// <param name="y"><c>[T, B, H]</c>: outputs, 0 at inactive steps; empty where nobody asks.</param>
    /// <param name="last"><c>[B, H]</c>: states after the last step; may be <see cref="ScanOperands.Initial"/> where no backward pass follows.</param>
    /// <exception cref="ArgumentException">Sizes or types that do not fit.</exception>
    void ScanForward(in ScanOperands scan, in TensorView states, in TensorView y, in TensorView last);

    /// <summary>
    /// Gradients of <see cref="ScanForward"/>: the recurrence back in time, activations computed anew from the pre-activations. All but dState are assigned,
    /// 0 at inactive steps.
    /// </summary>
    /// <param name="scan">As in the forward call.</param>
    /// <param name="states">From there: states, or y where the output is the state.</param>
    /// <param name="dy"><c>[T, B, H]</c>: gradient of the outputs, not read at inactive steps; or empty (0).</param>
    /// <param name="dState"><c>[B, H]</c>. In: gradient of the last states. Out: of the initial ones.</param>
    /// <param name="dGates">Shape of the gates; may be the gates themselves (in place).</param>
    /// <param name="dHighway"><c>[T, B, H]</c>: with a highway input of its own; else empty.</param>
    /// <param name="dPeepholes"><c>[B, 2H]</c>, SRU only: each row's gradient of v and w, summed over its steps in the order of processing, last step
    /// first; the sum over rows is left to the caller.</param>
    /// <exception cref="ArgumentException">Sizes or types that do not fit.</exception>
    void ScanBackward(
        in ScanOperands scan, in TensorView states, in TensorView dy, in TensorView dState, in TensorView dGates, in TensorView dHighway,
        in TensorView dPeepholes);
}
