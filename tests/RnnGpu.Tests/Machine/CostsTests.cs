using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using Xunit;

namespace RnnGpu.Tests.Machine;

/// <summary>The one list of measured figures: built-in ones lie in their ranges, and every name reaches its own constant.</summary>
public sealed class CostsTests
{
    private static DeviceInfo Device(string name) => new()
    {
        Ordinal = 0,
        Name = name,
        Capability = 90,
        Multiprocessors = 114,
        MemoryBytes = 80L << 30,
        MaxSharedBytesPerBlock = 227 << 10,
        SharedBytesPerMultiprocessor = 228 << 10,
        L2Bytes = 50 << 20,
        CooperativeLaunch = true,
    };

    private static MachineRecord Record(IReadOnlyDictionary<string, double> figures) => new(new MachineKey("gpu", []), figures, new Dictionary<string, string>());

    [Fact]
    public void Built_in_figures_lie_in_their_ranges()
    {
        foreach (GpuCosts costs in GpuCosts.All)
        {
            foreach (GpuFigure figure in GpuFigures.All) { Assert.InRange(figure.Read(costs), figure.Range.Least, figure.Range.Most); }
        }

        foreach (SimdPath path in Enum.GetValues<SimdPath>())
        {
            foreach (CpuFigure figure in CpuFigures.All) { Assert.InRange(figure.Read(CpuCosts.Default(path)), figure.Range.Least, figure.Range.Most); }
        }
    }

    [Fact]
    public void Every_figure_has_a_place_of_its_own()
    {
        GpuCosts gpu = GpuFigures.Apply(GpuCosts.All[0], GpuFigures.All.Select((figure, i) => (figure.Range.Name, i)).ToDictionary(pair => pair.Name, pair => 1000.0 + pair.i));
        Assert.Equal(Enumerable.Range(0, GpuFigures.All.Count).Select(i => 1000.0 + i), GpuFigures.All.Select(figure => figure.Read(gpu)));
        CpuCosts cpu = CpuFigures.Apply(CpuCosts.Default(SimdPath.Scalar), CpuFigures.All.Select((figure, i) => (figure.Range.Name, i)).ToDictionary(pair => pair.Name, pair => 1000.0 + pair.i));
        Assert.Equal(Enumerable.Range(0, CpuFigures.All.Count).Select(i => 1000.0 + i), CpuFigures.All.Select(figure => figure.Read(cpu)));
        Assert.Equal(GpuFigures.All.Count, GpuFigures.Ranges.Select(range => range.Name).Distinct().Count());
    }

    [Fact]
    public void Measured_figures_win_for_choosing_and_the_better_ones_for_the_limit()
    {
        DeviceInfo known = Device("NVIDIA H200 141GB"), unknown = Device("NVIDIA GeForce RTX 4090");
        Dictionary<string, double> measured = GpuFigures.All.ToDictionary(figure => figure.Range.Name, figure => figure.Read(GpuCosts.All[0]) * 0.5);
        Assert.Equal(114, GpuCosts.Of(known, null).Multiprocessors);
        Assert.Equal(4.3e12, GpuCosts.Of(known, null).MemoryRate);
        Assert.Equal(2.15e12, GpuCosts.Of(known, Record(measured)).MemoryRate);
        GpuCosts limit = GpuCosts.LimitOf(known, Record(measured))!;
        Assert.Equal((4.3e12, 0.45e-6), (limit.MemoryRate, limit.FlagSeconds));
        Assert.Null(GpuCosts.LimitOf(unknown, null));
        Assert.Equal(2.15e12, GpuCosts.LimitOf(unknown, Record(measured))!.MemoryRate);
        Assert.Equal("NVIDIA GeForce RTX 4090", GpuCosts.Of(unknown, Record(measured)).Name);
        Assert.Equal(4.3e12, GpuCosts.Of(unknown, null).MemoryRate);
    }
}
