using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Memory;

/// <summary>
/// Two page-locked buffers through which host memory moves, so that copies run beside the caller: an upload returns once its data is
/// staged, and while one buffer is on its way the other is filled or emptied. All copies go over one stream.
/// </summary>
internal sealed unsafe class PinnedStaging(CudaContext context) : IDisposable
{
    private const long SlotBytes = 4L << 20;
    private const long Alignment = 256;

    private readonly Slot[] _slots = [new(), new()];
    private int _current;
    private long _used;

    /// <summary>Queues a copy from host memory, which may be reused at once.</summary>
    public void Upload(byte* source, ulong destination, long bytes, nint stream)
    {
        Prepare();
        while (bytes > 0)
        {
            if (_used >= SlotBytes) { Advance(stream); }
            Slot slot = _slots[_current];
            long part = Math.Min(bytes, SlotBytes - _used);
            byte* staged = slot.Memory!.Pointer + _used;
            Buffer.MemoryCopy(source, staged, part, part);
            context.Driver.CopyToDevice(destination, staged, part, stream);
            _used += (part + Alignment - 1) / Alignment * Alignment;
            source += part;
            destination += (ulong)part;
            bytes -= part;
        }
    }

    /// <summary>Copies to host memory; waits for everything queued on the stream.</summary>
    public void Download(ulong source, byte* destination, long bytes, nint stream)
    {
        Prepare();

        // A copy into a buffer that an upload still reads stands behind that upload on the stream: no need to wait before it.
        if (bytes <= SlotBytes)
        {
            if (bytes > 0) { context.Driver.CopyToHost(_slots[0].Memory!.Pointer, source, bytes, stream); }
            context.Driver.SynchronizeStream(stream);
            Buffer.MemoryCopy(_slots[0].Memory!.Pointer, destination, bytes, bytes);
        }
        else
        {
            long parts = (bytes + SlotBytes - 1) / SlotBytes;
            for (long part = 0; part <= parts; part++)
            {
                if (part < parts) { QueueDownload(source, part, bytes, stream); }
                if (part > 0) { FinishDownload(destination, part - 1, bytes); }
            }
        }

        foreach (Slot slot in _slots) { slot.InFlight = false; }
        _used = 0;
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            slot.Memory?.Dispose();
            slot.Passed?.Dispose();
        }
    }

    private void QueueDownload(ulong source, long part, long bytes, nint stream)
    {
        Slot slot = _slots[part % 2];
        long start = part * SlotBytes;
        context.Driver.CopyToHost(slot.Memory!.Pointer, source + (ulong)start, Math.Min(SlotBytes, bytes - start), stream);
        context.Driver.RecordEvent(slot.Passed!.Value, stream);
    }

    private void FinishDownload(byte* destination, long part, long bytes)
    {
        Slot slot = _slots[part % 2];
        long start = part * SlotBytes, size = Math.Min(SlotBytes, bytes - start);
        context.Driver.SynchronizeEvent(slot.Passed!.Value);
        Buffer.MemoryCopy(slot.Memory!.Pointer, destination + start, size, size);
    }

    private void Prepare()
    {
        foreach (Slot slot in _slots)
        {
            slot.Memory ??= new PinnedMemoryHandle(context.Handle, SlotBytes);
            slot.Passed ??= new EventHandle(context.Handle);
        }
    }

    /// <summary>Turns to the other buffer once the copies from it have passed.</summary>
    private void Advance(nint stream)
    {
        context.Driver.RecordEvent(_slots[_current].Passed!.Value, stream);
        _slots[_current].InFlight = true;
        _current ^= 1;
        _used = 0;
        if (!_slots[_current].InFlight) { return; }
        context.Driver.SynchronizeEvent(_slots[_current].Passed!.Value);
        _slots[_current].InFlight = false;
    }

    private sealed class Slot
    {
        public PinnedMemoryHandle? Memory;
        public EventHandle? Passed;
        public bool InFlight;
    }
}
