namespace RnnGpu.Core;

/// <summary>
/// Cells whose recurrence is diagonal: a unit's new state depends on its own old state and on nothing else of the layer. Their gates are one product
/// over all steps and the rest is a scan over time. Each one's equations stand in the file named after it in <c>Cells/</c>.
/// </summary>
public enum ScanCellKind
{
    /// <summary>h' = a h + b with a and b given (<see cref="DiagonalCell"/>).</summary>
    Diagonal,

    /// <summary>Minimal gated recurrent unit (<see cref="MinGruCell"/>).</summary>
    MinGru,

    /// <summary>Minimal LSTM (<see cref="MinLstmCell"/>).</summary>
    MinLstm,

    /// <summary>Simple recurrent unit (<see cref="SruCell"/>).</summary>
    Sru,

    /// <summary>Quasi-recurrent network with fo-pooling (<see cref="QrnnCell"/>).</summary>
    Qrnn,
}
