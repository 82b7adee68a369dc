namespace RnnGpu.Core;

/// <summary>
/// One unit at one step of a cell with a diagonal recurrence, over any <see cref="ICellNumber{T}"/>: what a scan runs. The signatures are those of the
/// cell with the most operands; others leave what they lack alone.
/// </summary>
public interface IScanCell
{
    /// <summary>Blocks of H pre-activations.</summary>
    static abstract int Gates { get; }

    /// <summary>Whether the output is the new state.</summary>
    static abstract bool OutputIsState { get; }

    /// <summary>Whether there is a highway input d beside the gates.</summary>
    static abstract bool HasHighway { get; }

    /// <summary>Whether the gates see the state through the weights v and w.</summary>
    static abstract bool HasPeepholes { get; }

    /// <summary>One step.</summary>
    /// <param name="a">Pre-activation of the first block of gates.</param>
    /// <param name="b">Of the second.</param>
    /// <param name="c">Of the third.</param>
    /// <param name="d">Highway input.</param>
    /// <param name="v">Peephole weight of the second block.</param>
    /// <param name="w">Peephole weight of the third block.</param>
    /// <param name="s">State before the step.</param>
    /// <param name="sNew">State after it.</param>
    /// <param name="y">Output.</param>
    static abstract void Forward<T>(T a, T b, T c, T d, T v, T w, T s, out T sNew, out T y)
        where T : struct, ICellNumber<T>;

    /// <summary>
    /// One step back. Activations are computed anew from the pre-activations, so that the forward pass writes nothing but states and outputs.
    /// </summary>
    /// <param name="a">In: as in the forward step. Out: its gradient. Likewise b, c, d, v, w.</param>
    /// <param name="b">Likewise.</param>
    /// <param name="c">Likewise.</param>
    /// <param name="d">Likewise.</param>
    /// <param name="v">Likewise.</param>
    /// <param name="w">Likewise.</param>
    /// <param name="s">State before the step.</param>
    /// <param name="sNew">State after it.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="ds">In: gradient of the state after the step, without the part through the output. Out: of the state before it.</param>
    static abstract void Backward<T>(ref T a, ref T b, ref T c, ref T d, ref T v, ref T w, T s, T sNew, T dy, ref T ds)
        where T : struct, ICellNumber<T>;
}
