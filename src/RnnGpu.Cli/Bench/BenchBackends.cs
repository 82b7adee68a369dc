using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cli.Bench;

/// <summary>The backends of a bench, made when first asked for: one a precision and way to run loops.</summary>
internal sealed class BenchBackends(DeviceChoice choice) : IDisposable
{
    private readonly Dictionary<(ComputeMode Mode, CudaOptions Options), IBackend> _open = [];

    /// <summary>The backend for a precision.</summary>
    /// <exception cref="CudaException">There is no such device, or it has failed.</exception>
    public IBackend Open(ComputeMode mode, CudaOptions options)
    {
        if (_open.TryGetValue((mode, options), out IBackend? open)) { return open; }
        IBackend backend = choice.Device == "cpu" ? Backends.Create(choice with { Mode = mode }) : CudaBackend.Create(choice.Device, mode, options);
        _open.Add((mode, options), backend);
        return backend;
    }

    /// <summary>Gives everything back to the device: after a failure, or when memory that earlier measurements keep is wanted.</summary>
    public void Close()
    {
        foreach (IBackend backend in _open.Values)
        {
            try
            {
                backend.Dispose();
            }
            catch (CudaException)
            {
                // A device that has failed fails again when it is released; its first failure was reported.
            }
        }

        _open.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Close();
}
