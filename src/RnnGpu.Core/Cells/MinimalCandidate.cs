using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// The candidate's activation of minGRU and minLSTM (Feng et al. 2024, appendix B): <c>G(x) = x + 1/2</c> for x at least 0, <c>sigmoid(x)</c> below. It
/// is positive, continuous, and linear where it is large.
/// </summary>
public static class MinimalCandidate
{
    /// <summary>G(x) = max(x, 0) + sigmoid(min(x, 0)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x)
        where T : struct, ICellNumber<T> => T.Relu(x) + T.Sigmoid(-T.Relu(-x));

    /// <summary>G(x) and its slope; 1 at 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Forward<T>(T x, out T slope)
        where T : struct, ICellNumber<T>
    {
        T s = T.Sigmoid(-T.Relu(-x));
        slope = T.One + (T.Step(-x) * ((s * (T.One - s)) - T.One));
        return T.Relu(x) + s;
    }
}
