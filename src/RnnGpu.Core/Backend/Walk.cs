using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// A nest of loops over up to three operands, outermost first. Neighbouring axes over which every operand runs on without a gap
/// are merged, and axes of size 1 left out, so the innermost loop is as long as it can be.
/// </summary>
public struct Walk
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

    /// <summary>
    /// Orders the axes for a copy: innermost one along which both operands are contiguous, else the destination's; where the source is not
    /// contiguous along that, the axis along which it is comes next, so that the two make tiles of a transposition.
    /// </summary>
    public void OrderForCopy()
    {
        int fastest = Rank - 1;
        for (int i = 0; i < Rank; i++)
        {
            if (_y[i] == 1 && (_a[i] == 1 || InnerY != 1)) { fastest = i; }
        }

        MoveIn(fastest, Rank - 1);
        if (InnerA == 1) { return; }
        int ofSource = Rank - 2;
        for (int i = 0; i < Rank - 2 && ofSource == Rank - 2; i++)
        {
            if (_a[i] == 1) { ofSource = i; }
        }

        MoveIn(ofSource, Rank - 2);
    }

    /// <summary>Whether no two iterations write one element: each step clears all that the shorter ones can reach.</summary>
    public readonly bool WritesEachElementOnce()
    {
        long reached = 0;
        for (int n = 0; n < Rank; n++)
        {
            long next = long.MaxValue, reach = 0;
            for (int i = 0; i < Rank; i++)
            {
                long step = Math.Abs(_y[i]);
                if (step > reached && step < next) { (next, reach) = (step, step * (_sizes[i] - 1)); }
            }

            if (next == long.MaxValue) { return false; }
            reached += reach;
        }

        return true;
    }

    private void MoveIn(int axis, int to)
    {
        for (int i = axis; i < to; i++)
        {
            (_sizes[i], _sizes[i + 1]) = (_sizes[i + 1], _sizes[i]);
            (_a[i], _a[i + 1]) = (_a[i + 1], _a[i]);
            (_b[i], _b[i + 1]) = (_b[i + 1], _b[i]);
            (_y[i], _y[i + 1]) = (_y[i + 1], _y[i]);
        }
    }

    /// <summary>Step of the first operand along an axis.</summary>
    public readonly long StepA(int axis) => _a[axis];

    /// <summary>Step of the second operand along an axis.</summary>
    public readonly long StepB(int axis) => _b[axis];

    /// <summary>Step of the destination along an axis.</summary>
    public readonly long StepY(int axis) => _y[axis];

    /// <summary>Size of an axis.</summary>
    public readonly long Size(int axis) => _sizes[axis];
}
