using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Quasi-recurrent network with fo-pooling (Bradbury, Merity, Xiong and Socher 2017, Quasi-Recurrent Neural Networks), one unit at one step. Gate order
/// z f o; with a the convolution of the inputs over a window of steps, a = W x_t + V x_(t-1) + b:
/// <code>
/// z = tanh(a_z)   f = sigmoid(a_f)   o = sigmoid(a_o)
/// c' = f c + (1 - f) z = z + f (c - z)
/// h' = o c'
/// </code>
/// </summary>
public readonly struct QrnnCell : IScanCell
{
    /// <inheritdoc/>
    public static int Gates => 3;

    /// <inheritdoc/>
    public static bool OutputIsState => false;

    /// <inheritdoc/>
    public static bool HasHighway => false;

    /// <inheritdoc/>
    public static bool HasPeepholes => false;

    /// <summary>One step.</summary>
    /// <param name="z">Pre-activation of the candidate.</param>
    /// <param name="f">Of the forget gate.</param>
    /// <param name="o">Of the output gate.</param>
    /// <param name="c">State before the step.</param>
    /// <param name="cNew">State after it.</param>
    /// <param name="h">Output.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(T z, T f, T o, T c, out T cNew, out T h)
        where T : struct, ICellNumber<T>
    {
        z = T.Tanh(z);
        cNew = z + (T.Sigmoid(f) * (c - z));
        h = T.Sigmoid(o) * cNew;
    }

    /// <summary>One step back.</summary>
    /// <param name="z">In: pre-activation of the candidate. Out: its gradient.</param>
    /// <param name="f">Likewise of the forget gate.</param>
    /// <param name="o">Likewise of the output gate.</param>
    /// <param name="c">State before the step.</param>
    /// <param name="cNew">State after it.</param>
    /// <param name="dh">Gradient of the output.</param>
    /// <param name="dc">In: gradient of the state after the step, without the part through the output. Out: of the one before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T z, ref T f, ref T o, T c, T cNew, T dh, ref T dc)
        where T : struct, ICellNumber<T>
    {
        z = T.Tanh(z);
        f = T.Sigmoid(f);
        o = T.Sigmoid(o);
        T dcNew = dc + (dh * o), dz = dcNew * (T.One - f);
        dc = dcNew * f;
        f = dcNew * (c - z) * f * (T.One - f);
        o = dh * cNew * o * (T.One - o);
        z = dz * (T.One - (z * z));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Forward<T>(T a, T b, T c, T d, T v, T w, T s, out T sNew, out T y) => Forward(a, b, c, s, out sNew, out y);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IScanCell.Backward<T>(ref T a, ref T b, ref T c, ref T d, ref T v, ref T w, T s, T sNew, T dy, ref T ds) =>
        Backward(ref a, ref b, ref c, s, sNew, dy, ref ds);
}
