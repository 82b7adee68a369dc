using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Gated recurrent unit, gate order r z n: by default with the reset gate after the recurrent product, as PyTorch's <c>nn.GRU</c>
/// (<see cref="GruResetAfterCell"/>), or before it, as first published (<see cref="GruResetBeforeCell"/>).
/// </summary>
public sealed class Gru : Recurrent
{
    /// <summary>A stack of GRU layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="resetAfter">Whether the reset gate acts after the recurrent product.</param>
    /// <param name="returnSequences">See <see cref="Recurrent.ReturnSequences"/>.</param>
    public Gru(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true,
        bool resetAfter = true, bool returnSequences = true)
        : base(
            device,
            new RnnSpec
            {
                Cell = resetAfter ? CellKind.GruResetAfter : CellKind.GruResetBefore,
                InputSize = inputs,
                HiddenSize = hidden,
                Layers = layers,
                Bidirectional = bidirectional,
                Dropout = dropout,
                Bias = bias,
            },
            returnSequences)
    {
    }
}
