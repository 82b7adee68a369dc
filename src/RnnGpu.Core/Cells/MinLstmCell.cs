using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Minimal LSTM (Feng, Tung, Ahmed, Bengio and Hajimirsadegh 2024, Were RNNs All We Needed?), one unit at one step: gates and candidate do not see the
/// state, and the two gates are made to sum to 1. Gate order f i g; with a = W x + b:
/// <code>
/// f = sigmoid(a_f)   i = sigmoid(a_i)   g = G(a_g)
/// n = f / (f + i)
/// h' = n h + (1 - n) g = g + n (h - g)
/// </code>
/// G is <see cref="MinimalCandidate"/>.
/// </summary>
public readonly struct MinLstmCell : IScanCell
{
    /// <inheritdoc/>
    public static int Gates => 3;

    /// <inheritdoc/>
    public static bool OutputIsState => true;

    /// <inheritdoc/>
    public static bool HasHighway => false;

    /// <inheritdoc/>
    public static bool HasPeepholes => false;

    /// <summary>One step.</summary>
    /// <param name="f">Pre-activation of the forget gate.</param>
    /// <param name="i">Of the input gate.</param>
    /// <param name="g">Of the candidate.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="hNew">State after it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(T f, T i, T g, T h, out T hNew)
        where T : struct, ICellNumber<T>
    {
        f = T.Sigmoid(f);
        i = T.Sigmoid(i);
        g = MinimalCandidate.Forward(g);
        hNew = g + (f / (f + i) * (h - g));
    }

    /// <summary>One step back.</summary>
    /// <param name="f">In: pre-activation of the forget gate. Out: its gradient.</param>
    /// <param name="i">Likewise of the input gate.</param>
    /// <param name="g">Likewise of the candidate.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="dh">In: gradient of the state after the step. Out: of the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T f, ref T i, ref T g, T h, ref T dh)
        where T : struct, ICellNumber<T>
    {
        f = T.Sigmoid(f);
        i = T.Sigmoid(i);
        g = MinimalCandidate.Forward(g, out T slope);
        T n = f / (f + i), rest = T.One - n;

        // dn/df = i / (f + i)^2 and df/da = f (1 - f) make n (1 - n) (1 - f); the input gate's is the same with the other sign and (1 - i).
        T dn = dh * (h - g) * n * rest;
        g = dh * rest * slope;
        dh *= n;
        f = dn * (T.One - f);
        i = dn * (i - T.One);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Forward<T>(T a, T b, T c, T d, T v, T w, T s, out T sNew, out T y)
    {
        Forward(a, b, c, s, out sNew);
        y = sNew;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Backward<T>(ref T a, ref T b, ref T c, ref T d, ref T v, ref T w, T s, T sNew, T dy, ref T ds)
    {
        ds += dy;
        Backward(ref a, ref b, ref c, s, ref ds);
    }
}
