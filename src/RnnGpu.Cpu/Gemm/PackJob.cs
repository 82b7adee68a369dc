using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Gemm;

/// <summary>Packs a whole matrix into panels <c>[N / Columns, K, Columns]</c>.</summary>
internal sealed unsafe class PackJob<T> : RangeJob
    where T : struct, ISimd<T>
{
    private Operand _b;
    private long _k;
    private long _n;
    private float* _packed;

    protected override long Grain => 1;

    public void Run(Operand b, long k, long n, float* packed, WorkerTeam team)
    {
        _b = b;
        _k = k;
        _n = n;
        _packed = packed;
        long panels = (n + Tile<T>.Columns - 1) / Tile<T>.Columns;
        if (k * n < 16384) { Run(0, panels); }
        else { Over(panels, team); }
    }

    protected override void Run(long start, long end)
    {
        long width = Tile<T>.Columns;
        for (long p = start; p < end; p++)
        {
            Packing<T>.Panel(_b, 0, _k, p * width, (int)Math.Min(width, _n - (p * width)), _packed + (p * _k * width));
        }
    }
}
