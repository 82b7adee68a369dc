namespace RnnGpu.Cli.Bench;

/// <summary>
/// What a GPU can do at most, for <see cref="LimitModel"/>. Rates of memories and tensor cores are assumptions from measurements on such GPUs, not
/// guarantees; a table says which model it used.
/// </summary>
internal sealed record GpuLimits
{
    /// <summary>Part of the driver's name for it.</summary>
    public required string Name { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Bytes a second out of device memory.</summary>
    public required double MemoryBandwidth { get; init; }

    /// <summary>Bytes a second out of one SM's shared memory.</summary>
    public double SharedBandwidth { get; init; } = 225e9;

    /// <summary>Bytes a second from the L2 into one SM.</summary>
    public double L2ToMultiprocessor { get; init; } = 112e9;

    /// <summary>Bytes a second out of the L2 into all SMs.</summary>
    public double L2Bandwidth { get; init; } = 5.5e12;

    /// <summary>SMs that one read of the L2 can serve at once (multicast in a cluster).</summary>
    public double Multicast { get; init; } = 4;

    /// <summary>FLOP/s of tensor cores with bf16 or fp16 factors in the loop.</summary>
    public double Tensor16 { get; init; } = 790e12;

    /// <summary>FLOP/s of tensor cores with tf32 factors: half of bf16's.</summary>
    public double Tensor32 { get; init; } = 395e12;

    /// <summary>FLOP/s of fp32 fused multiply-adds.</summary>
    public double Fma { get; init; } = 60e12;

    /// <summary>Part of the rate that large products outside the loop reach: 700 of 790 TFLOP/s.</summary>
    public double GemmShare { get; init; } = 700.0 / 790;

    /// <summary>Seconds for blocks to exchange a step's states, flags in the data.</summary>
    public double Exchange { get; init; } = 0.9e-6;

    /// <summary>Seconds more in a backward step: its sums are split over the inner axis and added up once more.</summary>
    public double BackwardReduction { get; init; } = 0.3e-6;

    /// <summary>Bytes of weights that an SM holds on chip throughout: 200 KB of its shared memory and 56 KB of registers.</summary>
    public double OnChipBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes that the L2 holds.</summary>
    public double L2Bytes { get; init; } = 50e6;

    /// <summary>The GPUs that there is a model of.</summary>
    public static IReadOnlyList<GpuLimits> All { get; } =
    [
        new() { Name = "H200", Multiprocessors = 132, MemoryBandwidth = 4.3e12 },
        new() { Name = "H100", Multiprocessors = 132, MemoryBandwidth = 3.0e12 },
    ];

    /// <summary>The model of a GPU by the driver's name of it, or null.</summary>
    public static GpuLimits? Of(string device) => All.FirstOrDefault(gpu => device.Contains(gpu.Name, StringComparison.OrdinalIgnoreCase));
}
