using System.Numerics;
using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>
/// A walk in pieces of so few iterations that a kernel can count them in 31 bits, in order. Nearly always there is one. The last axes
/// stay whole, the axis before them is cut into runs, those before that are stepped through here.
/// </summary>
internal ref struct WalkPieces
{
    /// <summary>Iterations that a kernel's 32-bit arithmetic takes, with room for a block's worth beyond the end.</summary>
    public const long MostIterations = (1L << 31) - (1 << 16);

    private readonly ref readonly Walk _walk;
    private readonly int _cut;
    private readonly long _run;
    private readonly long _runs;
    private readonly long _pieces;
    private long _next;

    /// <summary>Pieces of at most <paramref name="most"/> iterations.</summary>
    public WalkPieces(in Walk walk, long most = MostIterations)
    {
        _walk = ref walk;
        long inner = 1;
        int cut = walk.Rank - 1;
        while (cut > 0 && inner * walk.Size(cut) <= most) { inner *= walk.Size(cut--); }
        _cut = Math.Max(cut, 0);
        long size = walk.Rank == 0 ? 1 : walk.Size(_cut);
        _run = size == 0 ? 1 : Math.Min(size, most / inner);
        _runs = (size + _run - 1) / _run;
        _pieces = _runs;
        for (int i = 0; i < _cut; i++) { _pieces *= walk.Size(i); }
    }

    /// <summary>The piece at hand.</summary>
    public Walk Piece { get; private set; }

    /// <summary>Where it starts in the operands.</summary>
    public long A { get; private set; }

    /// <inheritdoc cref="A"/>
    public long B { get; private set; }

    /// <inheritdoc cref="A"/>
    public long Y { get; private set; }

    /// <summary>Goes to the next piece.</summary>
    public bool Next()
    {
        if (_next == _pieces) { return false; }
        long outer = _next / _runs, start = (_next % _runs) * _run;
        _next++;
        _walk.Offsets(outer, _cut, out long a, out long b, out long y);
        if (_walk.Rank == 0)
        {
            Piece = _walk;
            return true;
        }

        (A, B, Y) = (a + (start * _walk.StepA(_cut)), b + (start * _walk.StepB(_cut)), y + (start * _walk.StepY(_cut)));
        Walk piece = default;
        for (int i = _cut; i < _walk.Rank; i++)
        {
            long size = i == _cut ? Math.Min(_run, _walk.Size(i) - start) : _walk.Size(i);
            piece.Append(size, _walk.StepA(i), _walk.StepB(i), _walk.StepY(i));
        }

        Piece = piece;
        return true;
    }

    /// <summary>A walk's axes as kernels take them; a walk without axes gets one of size 1.</summary>
    /// <returns>How many there are.</returns>
    public static int Describe(in Walk walk, out WalkAxes axes)
    {
        axes = default;
        if (walk.Rank == 0) { axes[0] = Axis(1, 0, 0, 0); }
        for (int i = 0; i < walk.Rank; i++) { axes[i] = Axis(walk.Size(i), walk.StepA(i), walk.StepB(i), walk.StepY(i)); }
        return Math.Max(walk.Rank, 1);
    }

    /// <summary>An axis with the numbers by which <c>divide</c> in <c>walk.cuh</c> divides by its size.</summary>
    public static WalkAxis Axis(long size, long stepA, long stepB, long stepY)
    {
        int shift = size <= 1 ? 0 : BitOperations.Log2((ulong)(size - 1)) + 1;
        return new WalkAxis
        {
            StepA = stepA,
            StepB = stepB,
            StepY = stepY,
            Size = (uint)size,
            Magic = (uint)((((UInt128)1 << 32) * (((UInt128)1 << shift) - (UInt128)size) / (UInt128)size) + 1),
            Shift = (uint)shift,
        };
    }
}
