namespace RnnGpu.Core;

/// <summary>
/// Gate order, parameter names and axes: the one definition that every backend and kernel obeys. Activations are time-major
/// <c>[T, B, F]</c>; a layer's parameters have PyTorch's names and gate order (LSTM i f g o, GRU r z n), <c>weight_ih [G*H, I]</c>,
/// <c>weight_hh [G*H, H]</c>, <c>bias_ih [G*H]</c>, <c>bias_hh [G*H]</c>.
/// </summary>
public static class Layouts
{
    /// <summary>Gates G of a cell: blocks of H rows in its weights.</summary>
    public static int Gates(CellKind cell) => cell switch
    {
        CellKind.ElmanTanh or CellKind.ElmanRelu => 1,
        CellKind.Lstm => 4,
        CellKind.GruResetAfter or CellKind.GruResetBefore => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "unknown cell"),
    };

    /// <summary>Whether the cell has a state c beside h.</summary>
    public static bool HasCellState(CellKind cell) => cell == CellKind.Lstm;

    /// <summary>
    /// Whether the backward pass needs one more tensor <c>[T, B, H]</c> beside gates and states: R_n h + b_hn for GRU reset-after,
    /// r h for GRU reset-before.
    /// </summary>
    public static bool HasExtra(CellKind cell) => cell is CellKind.GruResetAfter or CellKind.GruResetBefore;

    /// <summary>
    /// Whether the last gate's recurrent bias stays apart from its input bias (GRU reset-after: it is inside the reset product).
    /// </summary>
    public static bool HasSeparateRecurrentBias(CellKind cell) => cell == CellKind.GruResetAfter;

    /// <summary>Short name, as on the command line.</summary>
    public static string Name(CellKind cell) => cell switch
    {
        CellKind.ElmanTanh => "elman",
        CellKind.ElmanRelu => "elman-relu",
        CellKind.Lstm => "lstm",
        CellKind.GruResetAfter => "gru",
        CellKind.GruResetBefore => "gru-reset-before",
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "unknown cell"),
    };

    /// <summary>The cell of a short name.</summary>
    /// <returns>False if no cell has that name.</returns>
    public static bool TryParseCell(string name, out CellKind cell)
    {
        foreach (CellKind candidate in Enum.GetValues<CellKind>())
        {
            if (string.Equals(Name(candidate), name, StringComparison.OrdinalIgnoreCase))
            {
                cell = candidate;
                return true;
            }
        }

        cell = default;
        return false;
    }

    /// <summary>
    /// Blocks of H pre-activations of a cell run by scan, in this order: a b (diagonal), z g (minGRU), f i g (minLSTM), z f r (SRU, whose fourth
    /// block, the highway, may stand apart), z f o (QRNN).
    /// </summary>
    public static int Gates(ScanCellKind cell) => cell switch
    {
        ScanCellKind.Diagonal => DiagonalCell.Gates,
        ScanCellKind.MinGru => MinGruCell.Gates,
        ScanCellKind.MinLstm => MinLstmCell.Gates,
        ScanCellKind.Sru => SruCell.Gates,
        ScanCellKind.Qrnn => QrnnCell.Gates,
        _ => throw new ArgumentOutOfRangeException(nameof(cell), cell, "unknown cell"),
    };

    /// <summary>Whether what a cell run by scan puts out is its state; SRU and QRNN put out a gated one.</summary>
    public static bool OutputIsState(ScanCellKind cell) => cell is ScanCellKind.Diagonal or ScanCellKind.MinGru or ScanCellKind.MinLstm;

    /// <summary>PyTorch's name of a parameter: <c>weight_ih_l0</c>, <c>bias_hh_l1_reverse</c>.</summary>
    public static string ParameterName(string kind, int layer, bool reverse) => $"{kind}_l{layer}{(reverse ? "_reverse" : "")}";
}
