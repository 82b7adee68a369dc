using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Quasi-recurrent network with fo-pooling (<see cref="QrnnCell"/>), gate order z f o. With a window of two steps <c>weight_ih [3H, 2I]</c> sees the input of the
/// step and, behind it, of the step before in the order of processing; zeros before a row's first step and before one that resets it.
/// </summary>
public sealed class Qrnn : ScanRecurrent
{
    /// <summary>A stack of Qrnn layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer, in training mode.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="returnSequences">See <see cref="ScanRecurrent.ReturnSequences"/>.</param>
    /// <param name="window">Steps of the input that the gates see: 1 or 2.</param>
    /// <exception cref="ArgumentException">Sizes that no stack can have.</exception>
    public Qrnn(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true, bool returnSequences = true, int window = 2)
        : base(device, ScanCellKind.Qrnn, inputs, hidden, layers, bidirectional, dropout, bias, returnSequences, window)
    {
    }
}
