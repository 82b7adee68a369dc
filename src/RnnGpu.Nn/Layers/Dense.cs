using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Fully connected layer over the last axis: <c>y = act(x W^T + b)</c>, <c>[.., I] -> [.., O]</c>. Parameters as PyTorch's
/// <c>nn.Linear</c>: <c>weight [O, I]</c>, <c>bias [O]</c>, both uniform within 1/sqrt(I) at first.
/// </summary>
public sealed class Dense : Module
{
    private readonly bool _inEpilogue;
    private readonly GemmActivation _epilogue;

    /// <summary>A dense layer.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="outputs">O.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Dense(Device device, int inputs, int outputs, Activation activation = Activation.None, bool bias = true)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        Inputs = inputs;
        Outputs = outputs;
        Activation = activation;
        _inEpilogue = activation.TryEpilogue(out _epilogue);
        Weight = AddParameter("weight", new Shape(outputs, inputs));
        var initial = new UniformInit(1f / MathF.Sqrt(inputs));
        initial.Apply(Weight);
        if (bias)
        {
            Bias = AddParameter("bias", new Shape(outputs));
            initial.Apply(Bias);
        }
    }

    /// <summary>I.</summary>
    public int Inputs { get; }

    /// <summary>O.</summary>
    public int Outputs { get; }

    /// <summary>Applied to the result.</summary>
    public Activation Activation { get; }

    /// <summary><c>[O, I]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[O]</c>, or null.</summary>
    public Parameter? Bias { get; }

    /// <inheritdoc/>
    public override bool IsPointwise => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor input)
    {
        Tensor bias = Bias is null ? default : Bias.Value;
        Tensor z = input.Linear(Weight, bias, _epilogue);
        if (_inEpilogue) { return z; }
        Tensor y = Activation.Apply(z);
        z.Release();
        return y;
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => input.WithColumns(Outputs);
}
