using RnnGpu.Core;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda;

/// <summary>A figure of <see cref="GpuCosts"/> that is measured: its name in files, its unit for people, what it can be, and where it stands.</summary>
/// <param name="Range">Name and limits.</param>
/// <param name="Meaning">In words.</param>
/// <param name="IsRate">Whether more is better (a rate), or less (a time).</param>
/// <param name="Read">From a record.</param>
/// <param name="Write">Into a record.</param>
public sealed record GpuFigure(FigureRange Range, string Meaning, bool IsRate, Func<GpuCosts, double> Read, Func<GpuCosts, double, GpuCosts> Write);

/// <summary>The figures that <see cref="CudaBackend.Calibrate"/> measures, and the device that they belong to.</summary>
public static class GpuFigures
{
    private const int MostLetters = 80;

    /// <summary>In the order of tables.</summary>
    public static IReadOnlyList<GpuFigure> All { get; } =
    [
        Rate("shared_bytes_per_second", 1e9, 1e13, "shared memory, one SM", c => c.SharedRate, (c, v) => c with { SharedRate = v }),
        Rate("l2_to_sm_bytes_per_second", 1e9, 1e13, "L2 into one SM", c => c.L2ToMultiprocessorRate, (c, v) => c with { L2ToMultiprocessorRate = v }),
        Rate("l2_bytes_per_second", 1e10, 1e15, "L2 into all SMs", c => c.L2Rate, (c, v) => c with { L2Rate = v }),
        Rate("memory_bytes_per_second", 1e9, 1e14, "device memory", c => c.MemoryRate, (c, v) => c with { MemoryRate = v }),
        Rate("bf16_flops_per_second", 1e11, 1e17, "tensor cores, bf16", c => c.Bf16Rate, (c, v) => c with { Bf16Rate = v }),
        Rate("fp16_flops_per_second", 1e11, 1e17, "tensor cores, fp16", c => c.Fp16Rate, (c, v) => c with { Fp16Rate = v }),
        Rate("tf32_flops_per_second", 1e11, 1e17, "tensor cores, tf32", c => c.Tf32Rate, (c, v) => c with { Tf32Rate = v }),
        Rate("fp32_flops_per_second", 1e10, 1e16, "fp32 multiply-adds", c => c.Fp32Rate, (c, v) => c with { Fp32Rate = v }),
        Time("fma_seconds", 1e-10, 1e-7, "a multiply-add to the next", c => c.FmaSeconds, (c, v) => c with { FmaSeconds = v }),
        Time("flag_seconds", 1e-8, 1e-3, "a flag from block to block", c => c.FlagSeconds, (c, v) => c with { FlagSeconds = v }),
        Time("barrier_seconds", 1e-8, 1e-3, "all blocks count themselves in", c => c.BarrierSeconds, (c, v) => c with { BarrierSeconds = v }),
        Time("launch_seconds", 1e-8, 1e-3, "a launch to the next in a graph", c => c.LaunchSeconds, (c, v) => c with { LaunchSeconds = v }),
    ];

    /// <summary>Names and limits.</summary>
    public static IReadOnlyList<FigureRange> Ranges { get; } = [.. All.Select(figure => figure.Range)];

    /// <summary>The device that figures belong to: a driver's update may change them.</summary>
    /// <param name="device">The GPU.</param>
    /// <param name="driverVersion">Version of CUDA that the driver is of.</param>
    public static MachineKey KeyOf(DeviceInfo device, int driverVersion) => new("gpu",
    [
        ("name", device.Name.Length <= MostLetters ? device.Name : device.Name[..MostLetters]),
        ("driver", CudaVersion.Text(driverVersion)),
        ("multiprocessors", $"{device.Multiprocessors}"),
        ("memory", $"{device.MemoryBytes >> 30} GiB"),
    ]);

    /// <summary>The measured figures of a record, by name.</summary>
    public static IReadOnlyDictionary<string, double> Of(GpuCosts costs) => All.ToDictionary(figure => figure.Range.Name, figure => figure.Read(costs), StringComparer.Ordinal);

    /// <summary>A record with other figures.</summary>
    public static GpuCosts Apply(GpuCosts costs, IReadOnlyDictionary<string, double> figures) =>
        All.Aggregate(costs, (sum, figure) => figures.TryGetValue(figure.Range.Name, out double value) ? figure.Write(sum, value) : sum);

    /// <summary>Of each measured figure the better one: the higher rate, the shorter time.</summary>
    public static GpuCosts Better(GpuCosts one, GpuCosts other) => All.Aggregate(one, (sum, figure) =>
        figure.Write(sum, figure.IsRate ? Math.Max(figure.Read(one), figure.Read(other)) : Math.Min(figure.Read(one), figure.Read(other))));

    /// <summary>What the cache holds of a device. Throws nothing.</summary>
    /// <param name="key">The device.</param>
    /// <param name="device">As on the command line, for the note.</param>
    public static MachineLookup Load(MachineKey key, string device) =>
        MachineCache.Load(key, Ranges, static file => new FileInfo(file) is { Exists: true, Length: > 0 } ? File.OpenRead(file) : null, device);

    private static GpuFigure Rate(string name, double least, double most, string meaning, Func<GpuCosts, double> read, Func<GpuCosts, double, GpuCosts> write) =>
        new(new FigureRange(name, least, most), meaning, IsRate: true, read, write);

    private static GpuFigure Time(string name, double least, double most, string meaning, Func<GpuCosts, double> read, Func<GpuCosts, double, GpuCosts> write) =>
        new(new FigureRange(name, least, most), meaning, IsRate: false, read, write);
}
