using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Threads of a block where a kernel has no reason for another number.</summary>
    private const int DefaultThreads = 256;

    /// <inheritdoc/>
    public IDeviceBuffer Allocate(long bytes) => _arena.Allocate(bytes);

    /// <summary>Memory of the backend's device that the caller owns, as an operand. Disposing it frees nothing.</summary>
    /// <param name="devicePointer">A <c>CUdeviceptr</c>, a multiple of 4.</param>
    /// <param name="bytes">Size.</param>
    /// <exception cref="ArgumentException">No address, or one that is not a multiple of 4.</exception>
    public IDeviceBuffer Wrap(ulong devicePointer, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (devicePointer == 0 || devicePointer % 4 != 0)
        {
            throw new ArgumentException($"{devicePointer:x} is not the address of 4-byte elements on a device", nameof(devicePointer));
        }

        return new BorrowedBuffer(devicePointer, bytes);
    }

    /// <summary>Address of a tensor's first element, to hand to other CUDA code.</summary>
    /// <exception cref="ArgumentException">The tensor is not this kind of backend's.</exception>
    public static ulong DevicePointer(in TensorView view) => view.Buffer is DeviceBuffer
        ? Pointer(view)
        : throw new ArgumentException($"{view} has no memory on a CUDA device");

    /// <inheritdoc/>
    public void Upload<T>(ReadOnlySpan<T> source, in TensorView destination)
        where T : unmanaged
    {
        CheckTransfer<T>(source.Length, destination);
        ulong pointer = Pointer(destination);
        using CudaContext.Scope scope = _context.Enter();
        fixed (T* first = source)
        {
            _staging.Upload((byte*)first, pointer, (long)source.Length * sizeof(T), _queue.Stream);
        }
    }

    /// <inheritdoc/>
    public void Download<T>(in TensorView source, Span<T> destination)
        where T : unmanaged
    {
        CheckTransfer<T>(destination.Length, source);
        ulong pointer = Pointer(source);
        using CudaContext.Scope scope = _context.Enter();
        _faults.QueueRead();
        fixed (T* first = destination)
        {
            _staging.Download(pointer, (byte*)first, (long)destination.Length * sizeof(T), _queue.Stream);
        }

        _faults.ThrowIfNoted();
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        using CudaContext.Scope scope = _context.Enter();
        _faults.QueueRead();
        _queue.Synchronize();
        _faults.ThrowIfNoted();
    }

    /// <inheritdoc/>
    public void Fill(float value, in TensorView destination)
    {
        int word = Check.Fill(value, destination);
        if (destination.Length == 0) { return; }
        using CudaContext.Scope scope = _context.Enter();
        Driver.Fill(Pointer(destination), (uint)word, destination.Length, _queue.Stream);
    }

    /// <inheritdoc/>
    public void Copy(in TensorView source, in TensorView destination)
    {
        Check.Copy(source, destination);
        ulong from = Pointer(source), to = Pointer(destination);
        if (from == to || source.Length == 0) { return; }
        using CudaContext.Scope scope = _context.Enter();
        Driver.CopyOnDevice(to, from, source.Length * source.DType.Size(), _queue.Stream);
    }

    /// <summary>Address of a view's first element; 0 for the empty view.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pointer(in TensorView view) =>
        view.IsEmpty ? 0 : Unsafe.As<DeviceBuffer>(view.Buffer!).Pointer + ((ulong)view.Offset * 4);

    /// <inheritdoc cref="Pointer(in TensorView)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pointer(in MatrixView view) =>
        view.IsEmpty ? 0 : Unsafe.As<DeviceBuffer>(view.Buffer!).Pointer + ((ulong)view.Offset * 4);

    /// <summary>A grid of so many threads in a row, <see cref="DefaultThreads"/> a block.</summary>
    /// <exception cref="ArgumentException">More than a grid holds.</exception>
    private static Dim3 GridOver(long threads)
    {
        long blocks = (threads + DefaultThreads - 1) / DefaultThreads;
        return blocks <= int.MaxValue ? new Dim3((int)blocks) : throw new ArgumentException($"a tensor of {threads:N0} elements is too long for one launch");
    }

    private static void CheckTransfer<T>(int length, in TensorView view)
        where T : unmanaged
    {
        if (DTypes.Of<T>() != view.DType || length != view.Length)
        {
            throw new ArgumentException($"cannot move {length} elements of {typeof(T).Name} to or from {view}");
        }
    }
}
