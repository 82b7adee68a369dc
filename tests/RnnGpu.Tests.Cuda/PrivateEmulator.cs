using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using RnnGpu.Cuda.Driver;

namespace RnnGpu.Tests.Cuda;

/// <summary>
/// An emulator of one's own: a library's state (contexts, a broken device, told failures) is the process's, so tests that break things use
/// the library loaded under another name. Copies go from test to test, reset between: each holds much address space.
/// </summary>
internal sealed unsafe class PrivateEmulator : IDisposable
{
    private static readonly ConcurrentBag<(string File, nint Library)> Idle = [];

    private readonly string _file;
    private readonly nint _library;
    private bool _disposed;

    /// <param name="settings">Its environment variables.</param>
    public PrivateEmulator(params (string Name, string Value)[] settings)
    {
        (_file, _library) = Idle.TryTake(out (string, nint) idle) ? idle : Load();
        Driver = EmulatorBuild.WithSettings(Start, settings);
    }

    /// <summary>Its driver, initialised.</summary>
    public CudaDriver Driver { get; }

    /// <summary>A driver over the same library in which some entry points are replaced; 0 takes one away.</summary>
    public CudaDriver Substitute(Func<DriverEntry, nint, nint> substitute) => new(_file, _library, substitute);

    /// <summary>Makes the nth call from now of an entry point fail.</summary>
    public void Fail(DriverEntry entry, int nth, CudaResult status) => Fail(entry.ToString(), nth, (int)status);

    /// <inheritdoc cref="Fail(DriverEntry, int, CudaResult)"/>
    public void Fail(string entry, int nth, int status)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(entry + "\0"))
        {
            ((delegate* unmanaged<byte*, int, int, void>)Export("rnngpuEmulatorFail"))(name, nth, status);
        }
    }

    /// <summary>Contexts, modules, streams, events, graphs, allocations that live; or one kind of them.</summary>
    public long Live(string kind = "")
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(kind + "\0"))
        {
            return (long)((delegate* unmanaged<byte*, ulong>)Export("rnngpuEmulatorLive"))(name);
        }
    }

    /// <summary>An entry point that only tests use.</summary>
    public nint Export(string name) => NativeLibrary.GetExport(_library, name);

    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        Idle.Add((_file, _library));
    }

    private static (string File, nint Library) Load()
    {
        string file = Path.Combine(Path.GetTempPath(), $"rnngpu-emulator-{Guid.NewGuid():N}.so");
        File.Copy(EmulatorBuild.Path, file);
        try
        {
            return (file, NativeLibrary.Load(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private CudaDriver Start()
    {
        ((delegate* unmanaged<void>)Export("rnngpuEmulatorReset"))();
        var driver = new CudaDriver(_file, _library);
        driver.Init();
        return driver;
    }
}
