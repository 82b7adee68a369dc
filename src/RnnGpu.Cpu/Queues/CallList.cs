using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>Calls in order. Grows to the longest it had to hold, then allocates nothing.</summary>
internal sealed class CallList
{
    private QueuedCall[] _calls = [];

    public int Count { get; private set; }

    /// <summary>A place for one more.</summary>
    public ref QueuedCall Next()
    {
        if (Count == _calls.Length) { Array.Resize(ref _calls, Math.Max(16, 2 * Count)); }
        return ref _calls[Count++];
    }

    /// <summary>Runs all in order.</summary>
    public void Run(IBackend backend)
    {
        for (int i = 0; i < Count; i++) { _calls[i].Run(backend); }
    }

    /// <summary>Forgets all, and the buffers they held on to.</summary>
    public void Clear()
    {
        Array.Clear(_calls, 0, Count);
        Count = 0;
    }
}
