using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Long short-term memory, PyTorch's <c>nn.LSTM</c>, gate order i f g o (<see cref="LstmCell"/>).</summary>
public sealed class Lstm : Recurrent
{
    /// <summary>A stack of LSTM layers.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2H]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <param name="returnSequences">See <see cref="Recurrent.ReturnSequences"/>.</param>
    public Lstm(
        Device device, int inputs, int hidden, int layers = 1, bool bidirectional = false, float dropout = 0f, bool bias = true,
        bool returnSequences = true)
        : base(
            device,
            new RnnSpec
            {
                Cell = CellKind.Lstm,
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

    /// <summary>
    /// Sets the forget gate's bias, so that a new cell remembers (Gers et al. 2000; Jozefowicz et al. 2015 use 1): the f block of
    /// every <c>bias_ih</c> becomes <paramref name="value"/>, that of <c>bias_hh</c>, which is added to it, 0.
    /// </summary>
    /// <exception cref="InvalidOperationException">A layer without biases.</exception>
    public void SetForgetGateBias(float value)
    {
        if (!Spec.Bias) { throw new InvalidOperationException("this layer has no biases, so no forget gate bias"); }
        int h = Spec.HiddenSize;
        SetBlock("bias_ih", value);
        SetBlock("bias_hh", 0f);

        void SetBlock(string kind, float bias)
        {
            foreach (Parameter parameter in ParametersOf(kind))
            {
                float[] values = parameter.ToArray();
                values.AsSpan(h, h).Fill(bias);
                parameter.Load(values);
            }
        }
    }
}
