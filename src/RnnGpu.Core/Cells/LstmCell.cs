using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber 1997, forget gate of Gers et al. 2000), one unit at one step.
/// With pre-activations <c>a = W x + b_ih + R h + b_hh</c> in gate order i f g o:
/// <code>
/// i = sigmoid(a_i)   f = sigmoid(a_f)   g = tanh(a_g)   o = sigmoid(a_o)
/// c' = f c + i g
/// h' = o tanh(c')
/// </code>
/// </summary>
public static class LstmCell
{
    /// <summary>One step. The pre-activations are replaced by the activated gates, which the backward step needs.</summary>
    /// <param name="i">In: pre-activation of the input gate. Out: the gate. Likewise <paramref name="f"/> (forget),
    /// <paramref name="g"/> (candidate) and <paramref name="o"/> (output).</param>
    /// <param name="c">Cell state before the step.</param>
    /// <param name="cNew">Cell state after it.</param>
    /// <param name="hNew">Hidden state after it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Forward<T>(ref T i, ref T f, ref T g, ref T o, T c, out T cNew, out T hNew)
        where T : struct, ICellNumber<T>
    {
        i = T.Sigmoid(i);
        f = T.Sigmoid(f);
        g = T.Tanh(g);
        o = T.Sigmoid(o);
        cNew = (f * c) + (i * g);
        hNew = o * T.Tanh(cNew);
    }

    /// <summary>One step back. The activated gates are replaced by the gradients of their pre-activations.</summary>
    /// <param name="i">In: activated gate. Out: gradient of its pre-activation. Likewise f, g, o.</param>
    /// <param name="c">Cell state before the step.</param>
    /// <param name="cNew">Cell state after it.</param>
    /// <param name="dh">Gradient of the hidden state after the step.</param>
    /// <param name="dc">In: gradient of the cell state after the step, without the part through h. Out: gradient of the
    /// cell state before it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<T>(ref T i, ref T f, ref T g, ref T o, T c, T cNew, T dh, ref T dc)
        where T : struct, ICellNumber<T>
    {
        T t = T.Tanh(cNew);
        T dcNew = dc + (dh * o * (T.One - (t * t)));
        T di = dcNew * g, df = dcNew * c, dg = dcNew * i, dO = dh * t;
        dc = dcNew * f;
        i = di * i * (T.One - i);
        f = df * f * (T.One - f);
        g = dg * (T.One - (g * g));
        o = dO * o * (T.One - o);
    }
}
