using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Gated recurrent unit with the reset gate after the recurrent product, as in PyTorch's <c>nn.GRU</c>, cuDNN and Keras'
/// <c>reset_after=True</c>, one unit at one step. Gate order r z n; <c>a_n = W_n x + b_in</c> and <c>q = R_n h + b_hn</c> stay apart:
/// <code>
/// r = sigmoid(a_r)   z = sigmoid(a_z)
/// n = tanh(a_n + r q)
/// h' = (1 - z) n + z h = n + z (h - n)
/// </code>
/// </summary>
public static class GruResetAfterCell
{
    /// <summary>One step. The pre-activations are replaced by the activated gates.</summary>
    /// <param name="r">In: W_r x + b_ir + R_r h + b_hr. Out: the reset gate. Likewise <paramref name="z"/> (update).</param>
    /// <param name="n">In: W_n x + b_in. Out: the candidate.</param>
    /// <param name="q">R_n h + b_hn.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="hNew">State after it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(ref T r, ref T z, ref T n, T q, T h, out T hNew)
        where T : struct, ICellNumber<T>
    {
        r = T.Sigmoid(r);
        z = T.Sigmoid(z);
        n = T.Tanh(n + (r * q));
        hNew = n + (z * (h - n));
    }

    /// <summary>One step back. The gates are replaced by the gradients of their pre-activations.</summary>
    /// <param name="r">In: activated gate. Out: gradient of its pre-activation. Likewise z and n.</param>
    /// <param name="q">In: R_n h + b_hn. Out: its gradient.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="dhNew">Gradient of the state after the step.</param>
    /// <param name="dh">Out: the part of the gradient of <paramref name="h"/> that bypasses the products.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T r, ref T z, ref T n, ref T q, T h, T dhNew, out T dh)
        where T : struct, ICellNumber<T>
    {
        T dn = dhNew * (T.One - z) * (T.One - (n * n));
        T dz = dhNew * (h - n) * z * (T.One - z);
        T dr = dn * q * r * (T.One - r);
        dh = dhNew * z;
        q = dn * r;
        r = dr;
        z = dz;
        n = dn;
    }
}
