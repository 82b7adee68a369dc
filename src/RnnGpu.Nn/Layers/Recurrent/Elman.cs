using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Elman network, PyTorch's <c>nn.RNN</c>: <c>h' = phi(W x + b_ih + R h + b_hh)</c> (<see cref="ElmanCell"/>).</summary>
public sealed class Elman : Recurrent
{
    /// <summary>A stack of Elman layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="nonlinearity">phi.</param>
    /// <param name="returnSequences">See <see cref="Recurrent.ReturnSequences"/>.</param>
    public Elman(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true,
        Nonlinearity nonlinearity = Nonlinearity.Tanh, bool returnSequences = true)
        : base(
            device,
            new RnnSpec
            {
                Cell = nonlinearity == Nonlinearity.Relu ? CellKind.ElmanRelu : CellKind.ElmanTanh,
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
