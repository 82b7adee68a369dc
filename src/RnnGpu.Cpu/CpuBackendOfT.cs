using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>The CPU backend on one SIMD path. Operations stand in <c>Ops/</c>, <c>Gemm/</c> and <c>Recurrent/</c>, one file each.</summary>
internal sealed unsafe partial class CpuBackend<T>(int workers, SimdPath path) : IBackend
    where T : struct, ISimd<T>
{
    private readonly WorkerTeam _team = new(workers);

    public string Name => "cpu";

    public string Description => $"CPU, {path.ToString().ToLowerInvariant()}, {workers} thread{(workers == 1 ? "" : "s")}";

    public bool Supports(RecurrentProblem problem) => problem is { Hidden: > 0, Batch: > 0, Steps: > 0 };

    /// <inheritdoc/>
    public string DescribeRecurrent(RecurrentProblem problem) =>
        "persistent, one fused loop a chunk: each step's product of all gates and its cells, weights packed once a call";

    /// <inheritdoc/>
    public string DescribeProducts => $"one register tile on {path.ToString().ToLowerInvariant()}, operands packed into panels, fp32, one chain of multiply-adds a sum";

    /// <inheritdoc/>
    public int RowsWorthACall => 2;

    public long AvailableBytes => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public IDeviceBuffer Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return new CpuBuffer(bytes);
    }

    public void Upload<TElement>(ReadOnlySpan<TElement> source, in TensorView destination)
        where TElement : unmanaged
    {
        CheckTransfer<TElement>(source.Length, destination);
        source.CopyTo(new Span<TElement>(Pointer(destination), source.Length));
    }

    public void Download<TElement>(in TensorView source, Span<TElement> destination)
        where TElement : unmanaged
    {
        CheckTransfer<TElement>(destination.Length, source);
        new ReadOnlySpan<TElement>(Pointer(source), destination.Length).CopyTo(destination);
    }

    public void Synchronize()
    {
    }

    public void Dispose()
    {
        _team.Dispose();
        _gemm.Dispose();
    }

    private static void CheckTransfer<TElement>(int length, in TensorView view)
        where TElement : unmanaged
    {
        if (DTypes.Of<TElement>() != view.DType || length != view.Length)
        {
            throw new ArgumentException($"cannot move {length} elements of {typeof(TElement).Name} to or from {view}");
        }
    }

    /// <summary>Address of a view's first element; null for the empty view.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Pointer(in TensorView view)
    {
        if (view.IsEmpty) { return null; }
        byte* start = Unsafe.As<CpuBuffer>(view.Buffer!).Pointer;
        return start == null
            ? throw new ObjectDisposedException("tensor", "the tensor's memory was released; keep its owner alive while it is in use")
            : start + (view.Offset * 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Floats(in TensorView view) => (float*)Pointer(view);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int* Ints(in TensorView view) => (int*)Pointer(view);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* Floats(in MatrixView view) =>
        view.IsEmpty ? null : (float*)Unsafe.As<CpuBuffer>(view.Buffer!).Pointer + view.Offset;
}
