using System.Runtime.CompilerServices;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>A function of one variable with parameter p, and its gradient from x, y = f(x) and dy.</summary>
    private interface IUnary
    {
        static abstract T Value(T x, T p);

        static abstract T Gradient(T x, T y, T p, T dy);
    }

    /// <summary>-x.</summary>
    private readonly struct NegateFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => -x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => -dy;
    }

    /// <summary>p x.</summary>
    private readonly struct ScaleFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => p * x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => p * dy;
    }

    /// <summary>x + p.</summary>
    private readonly struct ShiftFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => x + p;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy;
    }

    /// <summary>1 / (1 + exp(-x)); y (1 - y).</summary>
    private readonly struct SigmoidFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy * (y * (T.One - y));
    }

    /// <summary>tanh x; 1 - y².</summary>
    private readonly struct TanhFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy * (T.One - (y * y));
    }

    /// <summary>max(x, 0).</summary>
    private readonly struct ReluFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Relu(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => T.SelectLess(T.Zero, x, dy, T.Zero);
    }

    /// <summary>x above 0, else p x.</summary>
    private readonly struct LeakyReluFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.SelectLess(T.Zero, x, x, p * x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => T.SelectLess(T.Zero, x, dy, p * dy);
    }

    /// <summary>1 above 0, else 0.</summary>
    private readonly struct StepFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Step(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => T.Zero;
    }

    /// <summary>exp x; y.</summary>
    private readonly struct ExpFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => SimdMath.Exp(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy * y;
    }

    /// <summary>log x; 1 / x.</summary>
    private readonly struct LogFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => SimdMath.Log(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy / x;
    }

    /// <summary>Square root; 1 / (2 y).</summary>
    private readonly struct SqrtFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Sqrt(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy / (y + y);
    }

    /// <summary>x²; 2 x.</summary>
    private readonly struct SquareFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => x * x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => dy * (x + x);
    }

    /// <summary>|x|; the sign.</summary>
    private readonly struct AbsFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Abs(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => T.SelectLess(T.Zero, x, dy, T.SelectLess(x, T.Zero, -dy, T.Zero));
    }

    /// <summary>x held between -p and p; 1 within, 0 outside.</summary>
    private readonly struct ClampFunction : IUnary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T p) => T.Min(T.Max(x, -p), p);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Gradient(T x, T y, T p, T dy) => T.SelectLess(p, T.Abs(x), T.Zero, dy);
    }
}
