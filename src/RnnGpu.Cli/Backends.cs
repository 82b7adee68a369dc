using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cli;

/// <summary>Makes the backend that the command line asks for: the only place that knows them all.</summary>
internal static class Backends
{
    /// <summary>A backend.</summary>
    /// <exception cref="UsageException">The CPU cannot compute like that, or environment variables that this machine cannot follow.</exception>
    /// <exception cref="CudaException">There is no driver, no such GPU, or it doesn't run the kernels.</exception>
    /// <param name="choice">Where and how.</param>
    /// <param name="measured">What was measured of the device; null: what the cache says.</param>
    public static IBackend Create(DeviceChoice choice, MachineRecord? measured = null)
    {
        string device = Resolve(choice).Device;
        try
        {
            if (device != "cpu") { return CudaBackend.Create(device, choice.Mode, Options(choice) with { Measured = measured }); }
            if (choice.Strategy == CudaStrategy.Stepwise)
            {
                throw new UsageException("--strategy stepwise: the CPU runs all steps in one loop that keeps its weights in cache; use a GPU (--device cuda:0) or leave it out");
            }

            if (choice.Mode != ComputeMode.Fp32)
            {
                string mode = DeviceOptions.NameOf(choice.Mode);
                throw new UsageException(choice.ModeIsTheRuns
                    ? $"the run being resumed computes in {mode}, but the CPU only in fp32; continue it on a GPU (--device cuda:0)"
                    : $"--precision {mode}: the CPU computes in fp32; use a GPU (--device cuda:0) or leave it out");
            }

            return CpuBackend.Create(choice.Threads, measured: measured);
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>How a CUDA backend runs for a choice. What the command line names wins over the environment, and must be possible.</summary>
    public static CudaOptions Options(DeviceChoice choice) => new() { Strategy = choice.Strategy, StrategyRequired = choice.Strategy is not null };

    /// <summary>The choice with a device by name in place of "auto".</summary>
    public static DeviceChoice Resolve(DeviceChoice choice) => choice.Device == DeviceOptions.Auto ? choice with { Device = Best() } : choice;

    /// <summary>The first GPU that runs the kernels, else the CPU.</summary>
    private static string Best() =>
        DriverProbe.FindDriver().Devices.FirstOrDefault(device => device.Refusal is null) is { } gpu ? $"cuda:{gpu.Ordinal}" : "cpu";
}
