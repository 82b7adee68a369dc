using System.Runtime.InteropServices;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;
using RnnGpu.Cuda.Streams;

namespace RnnGpu.Cuda.Memory;

/// <summary>Twin of <c>IndexFault</c> in <c>rnn_abi.h</c>: the first kernel thread that meets a bad index fills it in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FaultRecord
{
    public uint Code;
    public int Index;
    public long Row;
}

/// <summary>
/// Indices beyond their limits, which only the device can see: a kernel notes the first and goes on with a harmless value; the next wait throws.
/// </summary>
internal sealed unsafe class DeviceFaults : IDisposable
{
    private readonly CudaQueue _queue;
    private readonly DeviceMemoryHandle _device;
    private readonly PinnedMemoryHandle _host;
    private readonly List<IndexLimit> _limits = [];
    private bool _armed;

    public DeviceFaults(CudaQueue queue)
    {
        _queue = queue;
        ContextHandle context = queue.Context.Handle;
        CudaResult status = DeviceMemoryHandle.TryAllocate(context, sizeof(FaultRecord), out DeviceMemoryHandle? memory);
        if (memory is null) { throw context.Driver.Failure(status, DriverEntry.cuMemAlloc_v2, $"{sizeof(FaultRecord)} bytes"); }
        _device = memory;
        try
        {
            _host = new PinnedMemoryHandle(context, sizeof(FaultRecord));
            Clear();
        }
        catch (CudaException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>For a kernel that looks at indices: where it notes a bad one, and the code to note; the next wait looks at it.</summary>
    public (ulong Record, uint Code) Arm(IndexLimit limit)
    {
        _armed = true;
        int known = _limits.IndexOf(limit);
        if (known < 0)
        {
            known = _limits.Count;
            _limits.Add(limit);
        }

        return (_device.Pointer, (uint)known + 1);
    }

    /// <summary>Queues reading the record, if a kernel that may have filled it in was queued.</summary>
    public void QueueRead()
    {
        if (_armed) { _queue.Context.Driver.CopyToHost(_host.Pointer, _device.Pointer, sizeof(FaultRecord), _queue.Stream); }
    }

    /// <summary>After a wait that followed <see cref="QueueRead"/>.</summary>
    /// <exception cref="ArgumentException">A kernel met a bad index.</exception>
    public void ThrowIfNoted()
    {
        if (!_armed) { return; }
        _armed = false;
        FaultRecord fault = *(FaultRecord*)_host.Pointer;
        if (fault.Code == 0) { return; }
        Clear();
        throw _limits[(int)fault.Code - 1].Exceeded(fault.Index, fault.Row);
    }

    public void Dispose()
    {
        _device.Dispose();
        _host?.Dispose();
    }

    private void Clear() => _queue.Context.Driver.Fill(_device.Pointer, 0, sizeof(FaultRecord) / 4, _queue.Stream);
}
