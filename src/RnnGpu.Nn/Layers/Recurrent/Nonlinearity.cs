namespace RnnGpu.Nn;

/// <summary>The function of an Elman network's state.</summary>
public enum Nonlinearity
{
    /// <summary>tanh.</summary>
    Tanh,

    /// <summary>ReLU.</summary>
    Relu,
}
