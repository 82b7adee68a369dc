using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>
/// A nest of loops over up to three operands, outermost first. Neighbouring axes over which every operand runs on without a gap
/// are merged, and axes of size 1 left out, so the innermost loop is as long as it can be.
/// </summary>
internal struct Walk
{
    private Axes _sizes;
    private Axes _a;
    private Axes _b;
    private Axes _y;

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long _first;
    }

    /// <summary>Axes after merging.</summary>
    public int Rank { get; private set; }

    /// <summary>Size of the innermost axis (1 when there is none).</summary>
    public readonly long Inner => Rank == 0 ? 1 : _sizes[Rank - 1];

    /// <summary>Step of the first operand along the innermost axis.</summary>
    public readonly long InnerA => Rank == 0 ? 0 : _a[Rank - 1];

    /// <summary>Step of the second operand.</summary>
    public readonly long InnerB => Rank == 0 ? 0 : _b[Rank - 1];

    /// <summary>Step of the destination.</summary>
    public readonly long InnerY => Rank == 0 ? 0 : _y[Rank - 1];

    /// <summary>Iterations of all axes.</summary>
    public readonly long Length
    {
        get
        {
            long length = 1;
            for (int i = 0; i < Rank; i++) { length *= _sizes[i]; }
            return length;
        }
    }

    /// <summary>Iterations of all axes but the innermost.</summary>
    public readonly long Outer
    {
        get
        {
            long length = 1;
            for (int i = 0; i < Rank - 1; i++) { length *= _sizes[i]; }
            return length;
        }
    }

    /// <summary>Adds an axis inside those that are there.</summary>
    public void Append(long size, long a, long b, long y)
    {
        if (size == 1) { return; }
        int last = Rank - 1;
        if (last >= 0 && _a[last] == size * a && _b[last] == size * b && _y[last] == size * y) { size *= _sizes[last]; }
        else { last = Rank++; }
        _sizes[last] = size;
        _a[last] = a;
        _b[last] = b;
        _y[last] = y;
    }

    /// <summary>Offsets of the operands at iteration <paramref name="index"/> of the outermost <paramref name="axes"/> axes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Offsets(long index, int axes, out long a, out long b, out long y)
    {
        a = b = y = 0;
        for (int i = axes - 1; i > 0; i--)
        {
            long rest = index / _sizes[i], at = index - (rest * _sizes[i]);
            a += at * _a[i];
            b += at * _b[i];
            y += at * _y[i];
            index = rest;
        }

        if (axes > 0)
        {
            a += index * _a[0];
            b += index * _b[0];
            y += index * _y[0];
        }
    }

    /// <summary>Swaps two axes.</summary>
    public void Swap(int i, int j)
    {
        (_sizes[i], _sizes[j]) = (_sizes[j], _sizes[i]);
        (_a[i], _a[j]) = (_a[j], _a[i]);
        (_b[i], _b[j]) = (_b[j], _b[i]);
        (_y[i], _y[j]) = (_y[j], _y[i]);
    }

    /// <summary>Step of the first operand along an axis.</summary>
    public readonly long StepA(int axis) => _a[axis];

    /// <summary>Step of the destination along an axis.</summary>
    public readonly long StepY(int axis) => _y[axis];

    /// <summary>Size of an axis.</summary>
    public readonly long Size(int axis) => _sizes[axis];
}
