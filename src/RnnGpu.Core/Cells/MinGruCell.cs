using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Minimal gated recurrent unit (Feng, Tung, Ahmed, Bengio and Hajimirsadegh 2024, Were RNNs All We Needed?), one unit at one step: a GRU whose gate and
/// candidate do not see the state. Gate order z g; with a = W x + b:
/// <code>
/// z = sigmoid(a_z)   g = G(a_g)
/// h' = (1 - z) h + z g = h + z (g - h)
/// </code>
/// G is <see cref="MinimalCandidate"/>, positive as the paper's form in log space needs it; the recurrence runs plainly here.
/// </summary>
public readonly struct MinGruCell : IScanCell
{
    /// <inheritdoc/>
    public static int Gates => 2;

    /// <inheritdoc/>
    public static bool OutputIsState => true;

    /// <inheritdoc/>
    public static bool HasHighway => false;

    /// <inheritdoc/>
    public static bool HasPeepholes => false;

    /// <summary>One step.</summary>
    /// <param name="z">Pre-activation of the update gate.</param>
    /// <param name="g">Pre-activation of the candidate.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="hNew">State after it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(T z, T g, T h, out T hNew)
        where T : struct, ICellNumber<T>
    {
        z = T.Sigmoid(z);
        g = MinimalCandidate.Forward(g);
        hNew = h + (z * (g - h));
    }

    /// <summary>One step back.</summary>
    /// <param name="z">In: pre-activation of the update gate. Out: its gradient.</param>
    /// <param name="g">Likewise of the candidate.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="dh">In: gradient of the state after the step. Out: of the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T z, ref T g, T h, ref T dh)
        where T : struct, ICellNumber<T>
    {
        z = T.Sigmoid(z);
        g = MinimalCandidate.Forward(g, out T slope);
        T dz = dh * (g - h), dg = dh * z;
        dh *= T.One - z;
        z = dz * z * (T.One - z);
        g = dg * slope;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Forward<T>(T a, T b, T c, T d, T v, T w, T s, out T sNew, out T y)
    {
        Forward(a, b, s, out sNew);
        y = sNew;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Backward<T>(ref T a, ref T b, ref T c, ref T d, ref T v, ref T w, T s, T sNew, T dy, ref T ds)
    {
        ds += dy;
        Backward(ref a, ref b, s, ref ds);
    }
}
