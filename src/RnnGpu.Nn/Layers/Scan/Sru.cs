using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Simple recurrent unit (<see cref="SruCell"/>), gate order z f r. Where a layer's input has H features it is the highway input itself; else
/// <c>weight_ih</c> has a fourth block of rows that makes it. <c>weight_c_l0 [2, H]</c> holds v of the forget gate and w of the reset gate.
/// </summary>
public sealed class Sru : ScanRecurrent
{
    /// <summary>A stack of Sru layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer, in training mode.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="returnSequences">See <see cref="ScanRecurrent.ReturnSequences"/>.</param>
    /// <exception cref="ArgumentException">Sizes that no stack can have.</exception>
    public Sru(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true, bool returnSequences = true)
        : base(device, ScanCellKind.Sru, inputs, hidden, layers, bidirectional, dropout, bias, returnSequences)
    {
    }
}
