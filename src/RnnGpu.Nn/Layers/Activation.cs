using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Functions that a layer applies to its result.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>1 for positive values, else 0; no gradient passes.</summary>
    Step,

    /// <summary>1 / (1 + exp(-x)).</summary>
    Sigmoid,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>x where positive, else 0.01 x.</summary>
    LeakyRelu,

    /// <summary>Softmax over the last axis.</summary>
    Softmax,
}

/// <summary>Activations as functions of tensors.</summary>
public static class Activations
{
    /// <summary>The activation of <paramref name="x"/>.</summary>
    public static Tensor Apply(this Activation activation, Tensor x) => activation switch
    {
        Activation.None => x,
        Activation.Step => x.Step(),
        Activation.Sigmoid => x.Sigmoid(),
        Activation.Tanh => x.Tanh(),
        Activation.Relu => x.Relu(),
        Activation.LeakyRelu => x.LeakyRelu(),
        Activation.Softmax => x.Softmax(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "unknown activation"),
    };

    /// <summary>The same function in a product's epilogue.</summary>
    /// <returns>False if there is none; then the epilogue is empty.</returns>
    internal static bool TryEpilogue(this Activation activation, out GemmActivation epilogue)
    {
        epilogue = activation switch
        {
            Activation.Relu => GemmActivation.Relu,
            Activation.Tanh => GemmActivation.Tanh,
            Activation.Sigmoid => GemmActivation.Sigmoid,
            _ => GemmActivation.None,
        };
        return activation == Activation.None || epilogue != GemmActivation.None;
    }
}
