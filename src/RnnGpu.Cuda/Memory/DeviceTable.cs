using System.Runtime.InteropServices;

namespace RnnGpu.Cuda.Memory;

/// <summary>
/// Tensors that one launch goes over: an entry each, and for every block of the launch whose it is. The tables stay on the device and are uploaded
/// only when an entry changed, so a training step uploads nothing once its tensors stand still.
/// </summary>
/// <typeparam name="T">An entry, all of whose bits mean something.</typeparam>
internal sealed unsafe class DeviceTable<T> : IDisposable
    where T : unmanaged
{
    private T[] _entries = new T[16];
    private uint[] _owners = new uint[64];
    private int _count;
    private int _uploaded = -1;
    private bool _changed;
    private CudaBuffer? _device;

    /// <summary>Blocks of the launch.</summary>
    public int Blocks { get; private set; }

    /// <summary>Starts a table anew.</summary>
    public void Clear()
    {
        _count = 0;
        Blocks = 0;
    }

    /// <summary>Adds an entry.</summary>
    /// <param name="entry">It; its first block is <see cref="Blocks"/> before the call.</param>
    /// <param name="blocks">How many of the launch's blocks are its own.</param>
    /// <exception cref="ArgumentException">More blocks than a grid holds.</exception>
    public void Add(in T entry, long blocks)
    {
        if (Blocks + blocks > Array.MaxLength) { throw new ArgumentException($"tensors that take {Blocks + blocks:N0} blocks are too large for one launch"); }
        if (_count == _entries.Length) { Array.Resize(ref _entries, 2 * _count); }
        if (!Same(entry, _entries[_count]))
        {
            _entries[_count] = entry;
            _changed = true;
        }

        // An entry's blocks follow from the entries before it and its own, so where those stand still the owners do too.
        if (_changed || _count >= _uploaded)
        {
            _changed = true;
            int end = Blocks + (int)blocks;
            if (end > _owners.Length) { Array.Resize(ref _owners, Math.Max(end, 2 * _owners.Length)); }
            _owners.AsSpan(Blocks, (int)blocks).Fill((uint)_count);
        }

        Blocks += (int)blocks;
        _count++;
    }

    /// <summary>Addresses of the entries and of the blocks' owners, uploaded if they changed.</summary>
    public (ulong Entries, ulong Owners) Upload(DeviceArena arena, PinnedStaging staging, nint stream)
    {
        long entryBytes = (long)_entries.Length * sizeof(T), bytes = entryBytes + ((long)_owners.Length * sizeof(uint));
        if (_device is null || _device.Bytes != bytes)
        {
            _device?.Dispose();
            _device = null;
            _device = arena.Allocate(bytes);
            _changed = true;
        }

        ulong entries = _device.Pointer, owners = entries + (ulong)entryBytes;
        if (_changed || _count != _uploaded)
        {
            // until it has gone out whole
            _uploaded = -1;
            fixed (T* first = _entries) { staging.Upload((byte*)first, entries, (long)_count * sizeof(T), stream); }
            fixed (uint* first = _owners) { staging.Upload((byte*)first, owners, (long)Blocks * sizeof(uint), stream); }
            _uploaded = _count;
            _changed = false;
        }

        return (entries, owners);
    }

    public void Dispose()
    {
        _device?.Dispose();
        _device = null;
    }

    private static bool Same(in T a, in T b) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in a)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in b)));
}
