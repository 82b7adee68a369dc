using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Gated recurrent unit with the reset gate before the recurrent product (Cho et al. 2014, Keras' <c>reset_after=False</c>),
/// one unit at one step. Gate order r z n:
/// <code>
/// r = sigmoid(W_r x + R_r h + b_r)   z = sigmoid(W_z x + R_z h + b_z)
/// n = tanh(W_n x + R_n (r h) + b_n)
/// h' = (1 - z) n + z h = n + z (h - n)
/// </code>
/// Two products a step, since the second needs the reset gate: so forward and backward come in two halves.
/// </summary>
public static class GruResetBeforeCell
{
    /// <summary>First half: the gates from their pre-activations, and the reset state <paramref name="p"/> = r h.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ForwardGates<T>(ref T r, ref T z, T h, out T p)
        where T : struct, ICellNumber<T>
    {
        r = T.Sigmoid(r);
        z = T.Sigmoid(z);
        p = r * h;
    }

    /// <summary>Second half. <paramref name="n"/> comes in as W_n x + R_n p + b_n and leaves as the candidate.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ForwardState<T>(T z, ref T n, T h, out T hNew)
        where T : struct, ICellNumber<T>
    {
        n = T.Tanh(n);
        hNew = n + (z * (h - n));
    }

    /// <summary>First half back: z and n are replaced by the gradients of their pre-activations.</summary>
    /// <param name="dh">Out: the part of the gradient of h that bypasses the products.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BackwardState<T>(ref T z, ref T n, T h, T dhNew, out T dh)
        where T : struct, ICellNumber<T>
    {
        T dn = dhNew * (T.One - z) * (T.One - (n * n));
        T dz = dhNew * (h - n) * z * (T.One - z);
        dh = dhNew * z;
        z = dz;
        n = dn;
    }

    /// <summary>
    /// Second half back, given the gradient <paramref name="dp"/> = R_n^T dn of the reset state: r is replaced by the gradient
    /// of its pre-activation, and the part through p is added to <paramref name="dh"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BackwardGates<T>(ref T r, T h, T dp, ref T dh)
        where T : struct, ICellNumber<T>
    {
        dh = dh + (dp * r);
        r = dp * h * r * (T.One - r);
    }
}
