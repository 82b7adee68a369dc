using System.Numerics;

namespace RnnGpu.Core;

/// <summary>
/// The numbers that cell equations are written over: a float, a double, or one SIMD register of floats. So the equations
/// stand once, and the float64 reference, the scalar path and every SIMD path run the same lines.
/// </summary>
public interface ICellNumber<T> :
    IAdditionOperators<T, T, T>,
    ISubtractionOperators<T, T, T>,
    IMultiplyOperators<T, T, T>,
    IDivisionOperators<T, T, T>,
    IUnaryNegationOperators<T, T>
    where T : struct, ICellNumber<T>
{
    /// <summary>0 in every lane.</summary>
    static abstract T Zero { get; }

    /// <summary>1 in every lane.</summary>
    static abstract T One { get; }

    /// <summary>Hyperbolic tangent.</summary>
    static abstract T Tanh(T x);

    /// <summary>Logistic function 1 / (1 + exp(-x)).</summary>
    static abstract T Sigmoid(T x);

    /// <summary>max(x, 0); NaN stays NaN.</summary>
    static abstract T Relu(T x);

    /// <summary>1 where x &gt; 0, else 0: the slope of <see cref="Relu"/>.</summary>
    static abstract T Step(T x);
}

/// <summary>A plain floating-point number as <see cref="ICellNumber{T}"/>.</summary>
/// <typeparam name="TFloat">float or double.</typeparam>
public readonly record struct Real<TFloat>(TFloat Value) : ICellNumber<Real<TFloat>>
    where TFloat : struct, IFloatingPointIeee754<TFloat>
{
    /// <inheritdoc/>
    public static Real<TFloat> Zero => new(TFloat.Zero);

    /// <inheritdoc/>
    public static Real<TFloat> One => new(TFloat.One);

    /// <inheritdoc/>
    public static Real<TFloat> Tanh(Real<TFloat> x) => new(TFloat.Tanh(x.Value));

    /// <inheritdoc/>
    public static Real<TFloat> Sigmoid(Real<TFloat> x) => new(TFloat.One / (TFloat.One + TFloat.Exp(-x.Value)));

    /// <inheritdoc/>
    public static Real<TFloat> Relu(Real<TFloat> x) => new(x.Value < TFloat.Zero ? TFloat.Zero : x.Value);

    /// <inheritdoc/>
    public static Real<TFloat> Step(Real<TFloat> x) => new(x.Value > TFloat.Zero ? TFloat.One : TFloat.Zero);

    /// <inheritdoc/>
    public static Real<TFloat> operator +(Real<TFloat> left, Real<TFloat> right) => new(left.Value + right.Value);

    /// <inheritdoc/>
    public static Real<TFloat> operator -(Real<TFloat> left, Real<TFloat> right) => new(left.Value - right.Value);

    /// <inheritdoc/>
    public static Real<TFloat> operator *(Real<TFloat> left, Real<TFloat> right) => new(left.Value * right.Value);

    /// <inheritdoc/>
    public static Real<TFloat> operator /(Real<TFloat> left, Real<TFloat> right) => new(left.Value / right.Value);

    /// <inheritdoc/>
    public static Real<TFloat> operator -(Real<TFloat> value) => new(-value.Value);
}
