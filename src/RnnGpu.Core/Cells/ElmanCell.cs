namespace RnnGpu.Core;

/// <summary>
/// Elman network (Elman 1990), PyTorch's <c>nn.RNN</c>, one unit at one step:
/// <code>h' = phi(W x + b_ih + R h + b_hh),  phi = tanh or ReLU</code>
/// </summary>
public static class ElmanCell
{
    /// <summary>The new state from the pre-activation <paramref name="a"/> = W x + b_ih + R h + b_hh.</summary>
    public static T ForwardTanh<T>(T a)
        where T : struct, ICellNumber<T> => T.Tanh(a);

    /// <summary>As <see cref="ForwardTanh{T}"/> with ReLU.</summary>
    public static T ForwardRelu<T>(T a)
        where T : struct, ICellNumber<T> => T.Relu(a);

    /// <summary>Gradient of the pre-activation, from the gradient <paramref name="dh"/> of the new state <paramref name="h"/>.</summary>
    public static T BackwardTanh<T>(T h, T dh)
        where T : struct, ICellNumber<T> => dh * (T.One - (h * h));

    /// <summary>As <see cref="BackwardTanh{T}"/> with ReLU (slope 0 at 0, as in PyTorch).</summary>
    public static T BackwardRelu<T>(T h, T dh)
        where T : struct, ICellNumber<T> => dh * T.Step(h);
}
