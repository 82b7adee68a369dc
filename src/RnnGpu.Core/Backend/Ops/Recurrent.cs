namespace RnnGpu.Core;

/// <summary>One direction of one layer over some steps, as a question to a backend.</summary>
/// <param name="Cell">Cell.</param>
/// <param name="Hidden">H.</param>
/// <param name="Batch">B.</param>
/// <param name="Steps">T of the longest chunk.</param>
/// <param name="Training">Whether the backward pass will follow.</param>
public readonly record struct RecurrentProblem(CellKind Cell, int Hidden, int Batch, int Steps, bool Training);

/// <summary>
/// Operands that both directions of <see cref="IBackend.RecurrentForward"/> share. "Steps" are a chunk of the sequence; its
/// first step stands at <see cref="StepOffset"/> of the whole, against which lengths are counted.
/// A row b is active at whole-sequence step t while t &lt; lengths[b]. At inactive steps its state passes through unchanged
/// and its output is 0. Where <c>resets[t, b] != 0</c> at an active step, the state that enters step t (in the order of processing) is 0.
/// </summary>
public readonly record struct RecurrentChunk
{
    /// <summary>Cell.</summary>
    public required CellKind Cell { get; init; }

    /// <summary>H.</summary>
    public required int Hidden { get; init; }

    /// <summary>B.</summary>
    public required int Batch { get; init; }

    /// <summary>T: steps of this chunk.</summary>
    public required int Steps { get; init; }

    /// <summary>Position of the chunk's first step in the whole sequence.</summary>
    public int StepOffset { get; init; }

    /// <summary>Whether the chunk runs from its last step to its first.</summary>
    public bool Reverse { get; init; }

    /// <summary>
    /// <c>[T, B, G*H]</c>. Forward, in: W x + the biases (all of them, but b_hn of GRU reset-after). Forward, out, and backward,
    /// in: activated gates. Backward, out: gradients of W x (0 at inactive steps).
    /// </summary>
    public required TensorView Gates { get; init; }

    /// <summary>
    /// <c>[T, B, H]</c>, cells with <see cref="Layouts.HasExtra"/> only. Forward, out: q = R_n h + b_hn (GRU reset-after) or
    /// p = r h (GRU reset-before). Backward: q is replaced by its gradient; p stays. 0 at inactive steps.
    /// </summary>
    public TensorView Extra { get; init; }

    /// <summary>
    /// <c>[T+1, B, H]</c>: states between the steps. Forward direction: step t reads slot t and writes slot t+1. Reverse: reads
    /// slot t+1, writes slot t. The slot that enters the chunk is an input; where the first step to run resets a row, that
    /// row of it is set to 0. A slot holds the state as the next step will see it: 0 where that step resets the row.
    /// </summary>
    public required TensorView H { get; init; }

    /// <summary>
    /// <c>[T+1, B, H]</c>: cell states, in the slots of <see cref="H"/>, but as the step left them: a step that resets a row reads
    /// 0 whatever its slot holds, since the step before still needs its value for the gradient. LSTM only.
    /// </summary>
    public TensorView C { get; init; }

    /// <summary><c>[B]</c> int: steps of each row in the whole sequence, any order, 0 allowed; empty: all rows run throughout.</summary>
    public TensorView Lengths { get; init; }

    /// <summary><c>[T, B]</c> int of this chunk: where not 0, the row's state is cleared before that step; empty: never.</summary>
    public TensorView Resets { get; init; }
}

public partial interface IBackend
{
    /// <summary>The ways in which the time loop of such a problem can run here, with what each is predicted to take; empty where there is one.</summary>
    IReadOnlyList<LoopCandidate> RecurrentCandidates(RecurrentProblem problem) => [];

    /// <summary>Where the figures come from that this backend's predictions rest on; empty where it predicts nothing.</summary>
    string DescribeCosts => "";

    /// <summary>
    /// Why the time loop of such a problem cannot run as its maker demanded; null: it can, or nothing was demanded. <see cref="RnnPlan.Create"/> asks.
    /// </summary>
    string? RefuseRecurrent(RecurrentProblem problem) => null;

    /// <summary>Bytes of a layer's recurrent weights in this backend's private layout, which no batch and no number of steps changes.</summary>
    long PackedRecurrentBytes(RecurrentProblem problem);

    /// <summary>Lays out recurrent weights for <see cref="RecurrentForward"/> and (when training) <see cref="RecurrentBackward"/>.</summary>
    /// <param name="weightHh"><c>[G*H, H]</c>.</param>
    /// <param name="problem">Cell, size, and whether the backward layout is wanted too.</param>
    /// <param name="packed">At least <see cref="PackedRecurrentBytes"/>.</param>
    void PackRecurrent(in TensorView weightHh, RecurrentProblem problem, in TensorView packed);

    /// <summary>Bytes of workspace that one call of either direction needs.</summary>
    long RecurrentWorkspaceBytes(RecurrentProblem problem);

    /// <summary>
    /// A chunk of steps of one direction of one layer: per step, the fused product of the entering state with the recurrent
    /// weights of all gates, then the cell. Overwrites <see cref="RecurrentChunk.Gates"/>, writes states and extra.
    /// Row results do not depend on the other rows, nor on where the sequence is cut into chunks.
    /// </summary>
    /// <param name="chunk">What and where.</param>
    /// <param name="packed">From <see cref="PackRecurrent"/>.</param>
    /// <param name="recurrentBias"><c>[H]</c>: b_hn, GRU reset-after only; else, or for no bias, empty.</param>
    /// <param name="workspace">At least <see cref="RecurrentWorkspaceBytes"/>.</param>
    /// <param name="y"><c>[T*B, H]</c> with any row stride: the states after each step, 0 at inactive steps; or empty.</param>
    void RecurrentForward(
        in RecurrentChunk chunk, in TensorView packed, in TensorView recurrentBias, in TensorView workspace, in MatrixView y);

    /// <summary>
    /// The same chunk back in time (BPTT). Overwrites <see cref="RecurrentChunk.Gates"/> with the gradients of W x, and
    /// <see cref="RecurrentChunk.Extra"/> as it says there. Weight and input gradients are products over these, left to the caller.
    /// </summary>
    /// <param name="chunk">As in the forward call, after it.</param>
    /// <param name="packed">From <see cref="PackRecurrent"/>, made for training.</param>
    /// <param name="dy"><c>[T*B, H]</c> with any row stride: gradient of the outputs, ignored at inactive steps; or empty (0).</param>
    /// <param name="workspace">At least <see cref="RecurrentWorkspaceBytes"/>.</param>
    /// <param name="dh"><c>[B, H]</c>. In: gradient of the state that leaves the chunk. Out: gradient of the one that enters it.</param>
    /// <param name="dc"><c>[B, H]</c>: the same for the cell state. LSTM only.</param>
    void RecurrentBackward(
        in RecurrentChunk chunk, in TensorView packed, in MatrixView dy, in TensorView workspace, in TensorView dh, in TensorView dc);
}
