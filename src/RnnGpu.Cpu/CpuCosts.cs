namespace RnnGpu.Cpu;

/// <summary>
/// What a core, its caches and a meeting of workers cost: the constants of the model that chooses how recurrent loops are shared out.
/// They decide how fast results come, never which bits. Seconds, bytes, and floating-point operations (an addition or a multiplication) of one core.
/// </summary>
public sealed record CpuCosts
{
    /// <summary>Operations a second that one core reaches in products whose operands lie in its own caches.</summary>
    public required double FlopsPerSecond { get; init; }

    /// <summary>Seconds from the last worker's arrival at a barrier until all are on their way.</summary>
    public double BarrierSeconds { get; init; } = 0.3e-6;

    /// <summary>Seconds that starting a job on a team of workers that wait for one, and its end, cost.</summary>
    public double TeamStartSeconds { get; init; } = 1e-6;

    /// <summary>Bytes of a core's own cache (L2).</summary>
    public double L2Bytes { get; init; } = 1 << 20;

    /// <summary>Bytes of the cache that all workers share (L3).</summary>
    public double L3Bytes { get; init; } = 16 << 20;

    /// <summary>Bytes a second that one core reads from its own cache.</summary>
    public double L2BytesPerSecond { get; init; } = 150e9;

    /// <summary>Bytes a second that one core reads from the shared cache.</summary>
    public double L3BytesPerSecond { get; init; } = 60e9;

    /// <summary>Bytes a second that all workers together read from memory.</summary>
    public double MemoryBytesPerSecond { get; init; } = 20e9;

    /// <summary>
    /// What a common server core of that register width does when nobody measured: two fused multiply-adds a cycle at 3 GHz, of which products reach about
    /// two thirds.
    /// </summary>
    public static CpuCosts Default(SimdPath path) => new()
    {
        FlopsPerSecond = path switch
        {
            SimdPath.Avx512 => 128e9,
            SimdPath.Avx2 => 64e9,
            SimdPath.V128 => 32e9,
            _ => 4e9,
        },
    };
}
