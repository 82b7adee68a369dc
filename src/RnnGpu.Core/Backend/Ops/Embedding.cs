namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>Rows of a table: <c>y[n] = table[indices[n]]</c>.</summary>
    /// <param name="table"><c>[V, E]</c>.</param>
    /// <param name="indices"><c>[N]</c> int, each in 0..V-1; a negative index gives a row of zeros.</param>
    /// <param name="y"><c>[N, E]</c>.</param>
    void Gather(in TensorView table, in TensorView indices, in TensorView y);

    /// <summary>Gradient of <see cref="Gather"/>: <c>dTable[indices[n]] += dy[n]</c>, accumulates, each row in ascending n.</summary>
    void ScatterAdd(in TensorView dy, in TensorView indices, in TensorView dTable);
}
