using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Simple recurrent unit (Lei, Zhang, Wang, Dai and Artzi 2018, Simple Recurrent Units for Highly Parallelizable Recurrence), one unit at one step. Gate
/// order z f r; with a = W x + b and x' the input itself, or W_x x where it has another width than the state:
/// <code>
/// f = sigmoid(a_f + v c)   r = sigmoid(a_r + w c)
/// c' = f c + (1 - f) a_z = a_z + f (c - a_z)
/// h' = r c' + (1 - r) x' = x' + r (c' - x')
/// </code>
/// Through v and w a gate sees its own unit's state only, so a unit is still one scan over time, though no longer a linear one.
/// </summary>
public readonly struct SruCell : IScanCell
{
    /// <inheritdoc/>
    public static int Gates => 3;

    /// <inheritdoc/>
    public static bool OutputIsState => false;

    /// <inheritdoc/>
    public static bool HasHighway => true;

    /// <inheritdoc/>
    public static bool HasPeepholes => true;

    /// <summary>One step.</summary>
    /// <param name="z">What the cell takes in, W_z x.</param>
    /// <param name="f">Pre-activation of the forget gate, without the state's part. Likewise <paramref name="r"/>.</param>
    /// <param name="r">Reset gate.</param>
    /// <param name="x">Highway input.</param>
    /// <param name="v">Weight of the state in the forget gate.</param>
    /// <param name="w">Weight of the state in the reset gate.</param>
    /// <param name="c">State before the step.</param>
    /// <param name="cNew">State after it.</param>
    /// <param name="h">Output.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(T z, T f, T r, T x, T v, T w, T c, out T cNew, out T h)
        where T : struct, ICellNumber<T>
    {
        f = T.Sigmoid(f + (v * c));
        r = T.Sigmoid(r + (w * c));
        cNew = z + (f * (c - z));
        h = x + (r * (cNew - x));
    }

    /// <summary>One step back.</summary>
    /// <param name="z">In: as in the forward step. Out: its gradient. Likewise f, r, x, v, w.</param>
    /// <param name="f">Likewise.</param>
    /// <param name="r">Likewise.</param>
    /// <param name="x">Likewise.</param>
    /// <param name="v">Likewise.</param>
    /// <param name="w">Likewise.</param>
    /// <param name="c">State before the step.</param>
    /// <param name="cNew">State after it.</param>
    /// <param name="dh">Gradient of the output.</param>
    /// <param name="dc">In: gradient of the state after the step, without the part through the output. Out: of the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T z, ref T f, ref T r, ref T x, ref T v, ref T w, T c, T cNew, T dh, ref T dc)
        where T : struct, ICellNumber<T>
    {
        f = T.Sigmoid(f + (v * c));
        r = T.Sigmoid(r + (w * c));
        T dcNew = dc + (dh * r);
        T da = dcNew * (c - z) * f * (T.One - f), dr = dh * (cNew - x) * r * (T.One - r);
        x = dh * (T.One - r);
        z = dcNew * (T.One - f);
        dc = (dcNew * f) + (da * v) + (dr * w);
        f = da;
        r = dr;
        v = da * c;
        w = dr * c;
    }
}
