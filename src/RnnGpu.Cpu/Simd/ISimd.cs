using RnnGpu.Core;

namespace RnnGpu.Cpu.Simd;

/// <summary>
/// One SIMD register of floats. Kernels are written once over this interface; the JIT compiles them for each width. The same
/// operation on the same lane gives the same bits at every width, so results do not depend on the path but where a kernel
/// says that it sums across lanes.
/// </summary>
internal unsafe interface ISimd<T> : ICellNumber<T>
    where T : struct, ISimd<T>
{
    /// <summary>Lanes.</summary>
    static abstract int Width { get; }

    /// <summary>Rows of the product's register tile: as many as the register file holds beside four columns of registers.</summary>
    static abstract int TileRows { get; }

    static abstract T Load(float* p);

    static abstract void Store(float* p, T x);

    /// <summary>The first n lanes from memory, 0 in the others; reads nothing beyond.</summary>
    static abstract T LoadPartial(float* p, int n);

    /// <summary>Stores the first n lanes; writes nothing beyond.</summary>
    static abstract void StorePartial(float* p, T x, int n);

    static abstract T Broadcast(float x);

    /// <summary>a b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    static abstract T Sqrt(T x);

    static abstract T Abs(T x);

    /// <summary>The larger lane by lane; NaN if either is NaN.</summary>
    static abstract T Max(T a, T b);

    /// <summary>The smaller lane by lane; NaN if either is NaN.</summary>
    static abstract T Min(T a, T b);

    /// <summary>x, but no less than <paramref name="low"/> and no more than <paramref name="high"/>; NaN stays NaN.</summary>
    static abstract T Clamp(T x, T low, T high);

    /// <summary>The magnitude of one with the sign of the other.</summary>
    static abstract T CopySign(T magnitude, T sign);

    /// <summary>a where x &lt; y, else b.</summary>
    static abstract T SelectLess(T x, T y, T a, T b);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract T Round(T x);

    /// <summary>2^n for integral n in -126..127 given as a float.</summary>
    static abstract T PowerOfTwo(T n);

    /// <summary>x 2^n for integral n in -126..127 given as a float, where the result is a normal number.</summary>
    static abstract T Scale(T x, T n);

    /// <summary>The exponent n of a normal positive x = m 2^n, m in 1..2, as a float.</summary>
    static abstract T Exponent(T x);
}
