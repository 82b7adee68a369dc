using RnnGpu.Core;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda;

/// <summary>
/// What a GPU takes for the parts of a step of a recurrence: the constants of every model of time, that which chooses strategies and that of physical
/// limits. Built in are figures from public measurements; <see cref="CudaBackend.Calibrate"/> measures those of <see cref="GpuFigures"/>.
/// </summary>
public sealed record GpuCosts
{
    /// <summary>The GPU whose figures they are: its name in full where they were measured, a part of it where they are built in.</summary>
    public required string Name { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>Bytes a second out of device memory, all SMs together.</summary>
    public required double MemoryRate { get; init; }

    /// <summary>Bytes a second out of one SM's shared memory.</summary>
    public double SharedRate { get; init; } = 225e9;

    /// <summary>Bytes a second from the L2 into one SM.</summary>
    public double L2ToMultiprocessorRate { get; init; } = 112e9;

    /// <summary>Bytes a second out of the L2 into all SMs.</summary>
    public double L2Rate { get; init; } = 5.5e12;

    /// <summary>FLOP/s of tensor cores with bf16 factors.</summary>
    public double Bf16Rate { get; init; } = 790e12;

    /// <summary>FLOP/s of tensor cores with fp16 factors.</summary>
    public double Fp16Rate { get; init; } = 790e12;

    /// <summary>FLOP/s of tensor cores with tf32 factors: half of bf16's.</summary>
    public double Tf32Rate { get; init; } = 395e12;

    /// <summary>FLOP/s of fp32 fused multiply-adds.</summary>
    public double Fp32Rate { get; init; } = 60e12;

    /// <summary>Seconds from a fused multiply-add to one that needs its result: 4 cycles of 1.755 GHz.</summary>
    public double FmaSeconds { get; init; } = 4 / 1.755e9;

    /// <summary>Seconds from the write of a flag by one block until another block has read it.</summary>
    public double FlagSeconds { get; init; } = 0.9e-6;

    /// <summary>Seconds for blocks to count themselves in and see that all have: from a step's last write to the next one's first read.</summary>
    public double BarrierSeconds { get; init; } = 1.3e-6;

    /// <summary>Seconds from a kernel of a graph to the one that depends on it.</summary>
    public double LaunchSeconds { get; init; } = 1.8e-6;

    /// <summary>Seconds for barriers, partial sums and the cell of a tile. Not measured by itself.</summary>
    public double TileSeconds { get; init; } = 0.3e-6;

    /// <summary>Seconds more in a backward step of the limit: its sums are split over the inner axis and added up once more. Not measured by itself.</summary>
    public double ReductionSeconds { get; init; } = 0.3e-6;

    /// <summary>SMs that one read of the L2 can serve at once (multicast in a cluster); for the limit.</summary>
    public double Multicast { get; init; } = 4;

    /// <summary>Part of the tensor cores' rate that large products outside the loop reach: 700 of 790 TFLOP/s.</summary>
    public double GemmShare { get; init; } = 700.0 / 790;

    /// <summary>Bytes of weights that an SM can hold on chip throughout: 200 KB of its shared memory and 56 KB of registers.</summary>
    public double OnChipBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes that the L2 holds.</summary>
    public double L2Bytes { get; init; } = 50e6;

    /// <summary>The GPUs that there are built-in figures of.</summary>
    public static IReadOnlyList<GpuCosts> All { get; } =
    [
        new() { Name = "H200", Multiprocessors = 132, MemoryRate = 4.3e12 },
        new() { Name = "H100", Multiprocessors = 132, MemoryRate = 3.0e12 },
    ];

    /// <summary>FLOP/s of products in a precision.</summary>
    public double Rate(ComputeMode mode) => mode switch
    {
        ComputeMode.Bf16 => Bf16Rate,
        ComputeMode.Fp16 => Fp16Rate,
        ComputeMode.Tf32 => Tf32Rate,
        _ => Fp32Rate,
    };

    /// <summary>The built-in figures of a GPU by the driver's name of it, or null.</summary>
    public static GpuCosts? BuiltIn(string device) => All.FirstOrDefault(gpu => device.Contains(gpu.Name, StringComparison.OrdinalIgnoreCase));

    /// <summary>What strategies are chosen by: what was measured, else the GPU's built-in figures, else those of the first GPU there is, with this one's SMs.</summary>
    public static GpuCosts Of(DeviceInfo device, MachineRecord? measured)
    {
        GpuCosts start = (BuiltIn(device.Name) ?? All[0]) with { Multiprocessors = device.Multiprocessors };
        return measured is { Figures.Count: > 0 } ? GpuFigures.Apply(start with { Name = device.Name }, measured.Figures) : start;
    }

    /// <summary>
    /// What no kernel can beat: of each figure the better of the built-in and the measured one, since what one program measures need not be what the chip can do.
    /// Null for a GPU that has neither.
    /// </summary>
    public static GpuCosts? LimitOf(DeviceInfo device, MachineRecord? measured)
    {
        GpuCosts? known = BuiltIn(device.Name);
        if (measured is not { Figures.Count: > 0 }) { return known; }
        GpuCosts own = Of(device, measured);
        return known is null ? own : GpuFigures.Better(known with { Name = own.Name }, own);
    }
}
