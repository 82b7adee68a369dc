using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Minimal gated recurrent unit (<see cref="MinGruCell"/>), gate order z g.
/// </summary>
public sealed class MinGru : ScanRecurrent
{
    /// <summary>A stack of MinGru layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer, in training mode.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="returnSequences">See <see cref="ScanRecurrent.ReturnSequences"/>.</param>
    /// <exception cref="ArgumentException">Sizes that no stack can have.</exception>
    public MinGru(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true, bool returnSequences = true)
        : base(device, ScanCellKind.MinGru, inputs, hidden, layers, bidirectional, dropout, bias, returnSequences)
    {
    }
}
