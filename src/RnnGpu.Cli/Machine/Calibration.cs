using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;

namespace RnnGpu.Cli.Machine;

/// <summary>One figure, measured and built in.</summary>
/// <param name="Range">Name and limits.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Measured">On this device.</param>
/// <param name="BuiltIn">What is taken where nobody measured.</param>
internal sealed record CalibratedFigure(FigureRange Range, string Meaning, double Measured, double BuiltIn)
{
    /// <summary>Whether it is what a machine can be: else something went wrong while measuring.</summary>
    public bool IsSane => Measured >= Range.Least && Measured <= Range.Most;

    /// <summary>A figure with its unit, for people: by the ending of its name.</summary>
    public string Text(double value) => Range.Name switch
    {
        _ when Range.Name.EndsWith("bytes_per_second", StringComparison.Ordinal) => $"{value / 1e9:N1} GB/s",
        _ when Range.Name.EndsWith("flops_per_second", StringComparison.Ordinal) => $"{value / 1e9:N1} GFLOP/s",
        _ when Range.Name.EndsWith("bytes", StringComparison.Ordinal) => $"{value / 1024:N0} KiB",
        _ => $"{value * 1e9:N1} ns",
    };
}

/// <summary>Measures a device by its backend.</summary>
/// <param name="Device">As on the command line.</param>
/// <param name="Description">In words.</param>
/// <param name="Key">What the figures belong to.</param>
/// <param name="Found">What the cache held before.</param>
/// <param name="IsEmulator">Whether its times mean nothing, and are not kept.</param>
/// <param name="Figures">Measured.</param>
internal sealed record Calibration(string Device, string Description, MachineKey Key, MachineLookup Found, bool IsEmulator, IReadOnlyList<CalibratedFigure> Figures)
{
    /// <summary>Whether all figures are such as a machine can have.</summary>
    public bool IsSane => Figures.All(figure => figure.IsSane);

    /// <summary>Measures.</summary>
    /// <param name="choice">Where; a device by name, not "auto".</param>
    public static Calibration Run(DeviceChoice choice)
    {
        using IBackend backend = Backends.Create(choice);
        if (backend is CudaBackend cuda)
        {
            GpuCosts measured = cuda.Calibrate(), known = GpuCosts.Of(cuda.Device, measured: null);
            return new Calibration(choice.Device, cuda.Device.ToString(), cuda.Key, cuda.Lookup, cuda.Driver.IsEmulator,
                [.. GpuFigures.All.Select(figure => new CalibratedFigure(figure.Range, figure.Meaning, figure.Read(measured), figure.Read(known)))]);
        }

        SimdPath path = SimdPaths.Choose();
        CpuCosts costs = CpuCalibration.Measure(path: path), start = CpuCosts.Default(path);
        return new Calibration(choice.Device, $"{CpuModel.Name}, {Environment.ProcessorCount} cores, {path.ToString().ToLowerInvariant()}", CpuFigures.KeyOf(path), CpuFigures.Load(path), IsEmulator: false,
            [.. CpuFigures.All.Select(figure => new CalibratedFigure(figure.Range, figure.Meaning, figure.Read(costs), figure.Read(start)))]);
    }
}
