using System.Runtime.InteropServices;

namespace RnnGpu.Cuda.Driver;

/// <summary>
/// A loaded driver library: a table of its entry points and the checked calls on them. Several can live in one process, the
/// real driver and the emulator among them. Libraries are never unloaded: a driver has threads of its own.
/// </summary>
public sealed unsafe partial class CudaDriver
{
    private static readonly string[] Names = Enum.GetNames<DriverEntry>();
    private readonly nint[] _entries = new nint[Names.Length];
    private readonly long[] _calls = new long[Names.Length];
    private readonly delegate* unmanaged<byte*, int, int> _emulatorLastError;

    /// <summary>The entry points of a library, or of what stands in for some of them.</summary>
    /// <param name="library">For messages: name or path.</param>
    /// <param name="handle">From <see cref="NativeLibrary"/>.</param>
    /// <param name="substitute">May replace an entry point by another; null: none.</param>
    /// <exception cref="CudaDriverException">Entry points that every supported driver has are missing.</exception>
    internal CudaDriver(string library, nint handle, Func<DriverEntry, nint, nint>? substitute = null)
    {
        Library = library;
        LibraryHandle = handle;
        var missing = new List<string>();
        for (int i = 0; i < Names.Length; i++)
        {
            _ = NativeLibrary.TryGetExport(handle, Names[i], out nint entry);
            _entries[i] = substitute is null ? entry : substitute((DriverEntry)i, entry);
            if (_entries[i] == 0) { missing.Add(Names[i]); }
        }

        if (NativeLibrary.TryGetExport(handle, "rnngpuEmulatorLastError", out nint lastError))
        {
            _emulatorLastError = (delegate* unmanaged<byte*, int, int>)lastError;
        }

        if (missing.Count > 0) { throw Lacks(library, missing, VersionOrNull()); }
    }

    /// <summary>Name or path that the library was loaded by.</summary>
    public string Library { get; }

    /// <summary>The loaded library.</summary>
    internal nint LibraryHandle { get; }

    /// <summary>Whether it is the emulator of the driver API.</summary>
    public bool IsEmulator => _emulatorLastError != null;

    /// <summary>Failed calls that ended in an exception.</summary>
    internal long Failures { get; private set; }

    /// <summary>Calls of an entry point so far.</summary>
    public long CallsOf(DriverEntry entry) => _calls[(int)entry];

    /// <summary>Calls of all entry points so far.</summary>
    public long TotalCalls
    {
        get
        {
            long sum = 0;
            foreach (long count in _calls) { sum += count; }
            return sum;
        }
    }

    /// <summary>An entry point, counted as called.</summary>
    private nint Use(DriverEntry entry)
    {
        _calls[(int)entry]++;
        return _entries[(int)entry];
    }

    /// <summary>Throws unless the call succeeded.</summary>
    private void Check(CudaResult status, DriverEntry entry)
    {
        if (status != CudaResult.Success) { Fail(status, entry); }
    }

    /// <summary>Throws for a status.</summary>
    internal void Fail(CudaResult status, DriverEntry entry, string detail = "", string? advice = null) => throw Failure(status, entry, detail, advice);

    /// <summary>The exception for a status, counted as reported.</summary>
    internal CudaException Failure(CudaResult status, DriverEntry entry, string detail = "", string? advice = null)
    {
        // Running out of memory is an answer, which callers may act on and go on.
        if (status != CudaResult.OutOfMemory) { Failures++; }
        return Describe(status, entry, detail, advice);
    }

    /// <summary>Counts an exception that was made by <see cref="Describe"/> and is thrown now.</summary>
    internal void Reported() => Failures++;

    internal CudaException Describe(CudaResult status, DriverEntry entry, string detail = "", string? advice = null)
    {
        string known = EmulatorMessage();
        if (known.Length > 0) { detail = detail.Length > 0 ? $"{detail}: {known}" : known; }
        return new CudaException(Names[(int)entry], status, StatusName(status), detail, advice ?? CudaStatus.Advice(status));
    }

    /// <summary>The driver's name of a status, such as <c>CUDA_ERROR_OUT_OF_MEMORY</c>.</summary>
    internal string StatusName(CudaResult status)
    {
        byte* name = null;
        nint entry = _entries[(int)DriverEntry.cuGetErrorName];
        bool named = entry != 0 && ((delegate* unmanaged<CudaResult, byte**, CudaResult>)entry)(status, &name) == CudaResult.Success;
        return named && name != null ? Marshal.PtrToStringUTF8((nint)name)! : $"CUDA_ERROR {status}";
    }

    /// <summary>What the emulator says about the last failure: kernel, block, thread. Empty on a real driver.</summary>
    private string EmulatorMessage()
    {
        if (_emulatorLastError == null) { return ""; }
        const int Room = 2048;
        byte* text = stackalloc byte[Room];
        text[0] = 0;
        _ = _emulatorLastError(text, Room);
        return Marshal.PtrToStringUTF8((nint)text)!.Trim();
    }

    /// <summary>CUDA version of the driver; null where it does not say.</summary>
    internal int? VersionOrNull()
    {
        int version = 0;
        nint entry = _entries[(int)DriverEntry.cuDriverGetVersion];
        return entry != 0 && ((delegate* unmanaged<int*, CudaResult>)entry)(&version) == CudaResult.Success ? version : null;
    }

    private static CudaDriverException Lacks(string library, List<string> missing, int? version) => new(
        $"{library} lacks {string.Join(", ", missing.Take(4))}{(missing.Count > 4 ? $" and {missing.Count - 4} more" : "")}: "
        + (version is { } known
            ? $"it is the driver of CUDA {CudaVersion.Text(known)}, but RnnGpu needs one of CUDA {CudaVersion.Text(CudaVersion.Oldest)} or newer: update the driver"
            : "it is not an NVIDIA driver; take it off the library path"));
}

/// <summary>Version numbers as the driver writes them: 12040 is 12.4.</summary>
public static class CudaVersion
{
    /// <summary>Oldest driver that has every entry point.</summary>
    public const int Oldest = 11040;

    /// <summary>In words.</summary>
    public static string Text(int version) => $"{version / 1000}.{version % 1000 / 10}";

    /// <summary>The CUDA version whose driver first took a PTX ISA version.</summary>
    /// <param name="isa">As major * 10 + minor: 78 is 7.8.</param>
    public static int OfPtxIsa(int isa) => isa switch
    {
        <= 70 => 11000,
        <= 78 => 11000 + ((isa - 70) * 10),
        <= 84 => 12000 + ((isa - 80) * 10),
        85 => 12050,
        86 => 12070,
        87 => 12080,
        88 => 12090,
        _ => 13000 + ((isa - 90) * 10),
    };
}
