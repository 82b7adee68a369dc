using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Diagonal linear recurrence, one unit at one step, a and b given: <c>h' = a h + b</c>. What other scans are made of, and for cells of a user's own
/// whose gates do not depend on the state.
/// </summary>
public readonly struct DiagonalCell : IScanCell
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
    /// <param name="a">Factor.</param>
    /// <param name="b">Term.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="hNew">State after it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(T a, T b, T h, out T hNew)
        where T : struct, ICellNumber<T>
    {
        hNew = (a * h) + b;
    }

    /// <summary>One step back.</summary>
    /// <param name="a">In: factor. Out: its gradient.</param>
    /// <param name="b">Out: gradient of the term.</param>
    /// <param name="h">State before the step.</param>
    /// <param name="dh">In: gradient of the state after the step. Out: of the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T a, out T b, T h, ref T dh)
        where T : struct, ICellNumber<T>
    {
        T dhNew = dh;
        dh = dhNew * a;
        a = dhNew * h;
        b = dhNew;
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
        Backward(ref a, out b, s, ref ds);
    }
}
