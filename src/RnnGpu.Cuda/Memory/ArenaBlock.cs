using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Memory;

/// <summary>One allocation of the driver's, with the ranges of it that are free, ascending and never adjacent.</summary>
internal sealed class ArenaBlock(DeviceMemoryHandle memory, long bytes, bool large)
{
    private readonly List<(long Offset, long Size)> _free = [(0, bytes)];

    public DeviceMemoryHandle Memory { get; } = memory;

    public ulong Pointer { get; } = memory.Pointer;

    public long Bytes => bytes;

    public bool Large => large;

    public bool IsUnused => _free.Count == 1 && _free[0].Size == bytes;

    public long FreeBytes
    {
        get
        {
            long bytes = 0;
            foreach ((_, long size) in _free) { bytes += size; }
            return bytes;
        }
    }

    /// <summary>Size of the smallest free range that holds <paramref name="size"/>; the largest number if none does.</summary>
    public long SmallestGap(long size)
    {
        long best = long.MaxValue;
        foreach ((_, long gap) in _free)
        {
            if (gap >= size && gap < best) { best = gap; }
        }

        return best;
    }

    /// <summary>Cuts a range off the smallest gap that holds it, which must exist.</summary>
    /// <returns>Its offset.</returns>
    public long Take(long size)
    {
        long gap = SmallestGap(size);
        int i = _free.FindIndex(range => range.Size == gap);
        long offset = _free[i].Offset;
        if (gap == size) { _free.RemoveAt(i); }
        else { _free[i] = (offset + size, gap - size); }
        return offset;
    }

    /// <summary>Frees a range and joins it with its free neighbours.</summary>
    public void Return(long offset, long size)
    {
        int next = _free.FindIndex(range => range.Offset > offset);
        if (next < 0) { next = _free.Count; }
        if (next < _free.Count && offset + size == _free[next].Offset)
        {
            size += _free[next].Size;
            _free.RemoveAt(next);
        }

        if (next > 0 && _free[next - 1].Offset + _free[next - 1].Size == offset)
        {
            _free[next - 1] = (_free[next - 1].Offset, _free[next - 1].Size + size);
            return;
        }

        _free.Insert(next, (offset, size));
    }
}
