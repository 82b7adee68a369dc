namespace RnnGpu.Core;

/// <summary>The recurrent cells. Each one's equations stand in the file named after it in <c>Cells/</c>.</summary>
public enum CellKind
{
    /// <summary>Elman network with tanh (<see cref="ElmanCell"/>).</summary>
    ElmanTanh,

    /// <summary>Elman network with ReLU (<see cref="ElmanCell"/>).</summary>
    ElmanRelu,

    /// <summary>Long short-term memory (<see cref="LstmCell"/>).</summary>
    Lstm,

    /// <summary>Gated recurrent unit, reset after the product, as in PyTorch and cuDNN (<see cref="GruResetAfterCell"/>).</summary>
    GruResetAfter,

    /// <summary>Gated recurrent unit, reset before the product, as first published (<see cref="GruResetBeforeCell"/>).</summary>
    GruResetBefore,
}
