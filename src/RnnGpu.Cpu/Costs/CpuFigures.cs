using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>A figure of <see cref="CpuCosts"/>: its name in files, what it can be, and where it stands.</summary>
/// <param name="Range">Name and limits.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Read">From a record.</param>
/// <param name="Write">Into a record.</param>
public sealed record CpuFigure(FigureRange Range, string Meaning, Func<CpuCosts, double> Read, Func<CpuCosts, double, CpuCosts> Write);

/// <summary>The figures that <see cref="CpuCalibration"/> measures, and the machine that they belong to.</summary>
public static class CpuFigures
{
    private const int MostLetters = 80;

    /// <summary>In the order of tables.</summary>
    public static IReadOnlyList<CpuFigure> All { get; } =
    [
        new(new FigureRange("flops_per_second", 1e8, 1e13), "products, one core", c => c.FlopsPerSecond, (c, v) => c with { FlopsPerSecond = v }),
        new(new FigureRange("barrier_seconds", 1e-9, 1e-2), "a meeting of all workers", c => c.BarrierSeconds, (c, v) => c with { BarrierSeconds = v }),
        new(new FigureRange("team_start_seconds", 1e-9, 1e-2), "start and end of a job on all workers", c => c.TeamStartSeconds, (c, v) => c with { TeamStartSeconds = v }),
        new(new FigureRange("l2_bytes", 1 << 12, 1L << 32), "a core's own cache (L2)", c => c.L2Bytes, (c, v) => c with { L2Bytes = v }),
        new(new FigureRange("l3_bytes", 1 << 12, 1L << 36), "the shared cache (L3)", c => c.L3Bytes, (c, v) => c with { L3Bytes = v }),
        new(new FigureRange("l2_bytes_per_second", 1e8, 1e13), "own cache, one core", c => c.L2BytesPerSecond, (c, v) => c with { L2BytesPerSecond = v }),
        new(new FigureRange("l3_bytes_per_second", 1e8, 1e13), "shared cache, one core", c => c.L3BytesPerSecond, (c, v) => c with { L3BytesPerSecond = v }),
        new(new FigureRange("memory_bytes_per_second", 1e8, 1e14), "memory, all cores", c => c.MemoryBytesPerSecond, (c, v) => c with { MemoryBytesPerSecond = v }),
    ];

    /// <summary>Names and limits.</summary>
    public static IReadOnlyList<FigureRange> Ranges { get; } = [.. All.Select(figure => figure.Range)];

    /// <summary>The machine that figures belong to.</summary>
    public static MachineKey KeyOf(SimdPath path) => new("cpu",
    [
        ("name", CpuModel.Name.Length <= MostLetters ? CpuModel.Name : CpuModel.Name[..MostLetters]),
        ("cores", $"{Environment.ProcessorCount}"),
        ("simd", path.ToString().ToLowerInvariant()),
    ]);

    /// <summary>A record's figures, by name.</summary>
    public static IReadOnlyDictionary<string, double> Of(CpuCosts costs) => All.ToDictionary(figure => figure.Range.Name, figure => figure.Read(costs), StringComparer.Ordinal);

    /// <summary>A record with other figures.</summary>
    public static CpuCosts Apply(CpuCosts costs, IReadOnlyDictionary<string, double> figures) =>
        All.Aggregate(costs, (sum, figure) => figures.TryGetValue(figure.Range.Name, out double value) ? figure.Write(sum, value) : sum);

    /// <summary>What the cache holds of this machine. Throws nothing.</summary>
    public static MachineLookup Load(SimdPath path) =>
        MachineCache.Load(KeyOf(path), Ranges, static file => new FileInfo(file) is { Exists: true, Length: > 0 } ? File.OpenRead(file) : null, "cpu");

    /// <summary>What this machine costs: as measured where it was, else as built in.</summary>
    /// <param name="path">SIMD path.</param>
    /// <param name="note">One line: where the figures come from.</param>
    public static CpuCosts Known(SimdPath path, out string note)
    {
        MachineLookup found = Load(path);
        note = found.Note;
        return Of(path, found.Record);
    }

    /// <summary>What this machine costs: as a record says, else as built in.</summary>
    public static CpuCosts Of(SimdPath path, MachineRecord? measured) =>
        measured is null ? CpuCosts.Default(path) : Apply(CpuCosts.Default(path), measured.Figures);
}
