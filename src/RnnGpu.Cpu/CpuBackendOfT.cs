using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>The CPU backend on one SIMD path. Operations stand in <c>Ops/</c>, <c>Gemm/</c> and <c>Recurrent/</c>, one file each.</summary>
/// <param name="team">Its workers; disposed with it.</param>
/// <param name="path">What <typeparamref name="T"/> is.</param>
/// <param name="costs">What the machine's cores and caches do.</param>
/// <param name="found">What was measured of the machine, and where that stands; null: nothing.</param>
internal sealed unsafe partial class CpuBackend<T>(WorkerTeam team, SimdPath path, CpuCosts costs, MachineLookup? found = null) : IBackend
    where T : struct, ISimd<T>
{
    private readonly WorkerTeam _team = team;

    public string Name => "cpu";

    public string Description => $"CPU, {path.ToString().ToLowerInvariant()}, {_team.Workers} thread{(_team.Workers == 1 ? "" : "s")}";

    public bool Supports(RecurrentProblem problem) => problem is { Hidden: > 0, Batch: > 0, Steps: > 0 };

    /// <inheritdoc/>
    public string DescribeProducts => $"one register tile on {path.ToString().ToLowerInvariant()}, operands packed into panels, fp32, one chain of multiply-adds a sum";

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

    public void Synchronize() => RunQueued();

    public void Dispose()
    {
        _queues?.Dispose();
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

    /// <summary>
    /// Address of a view's first element; null for the empty view. Who asks is about to use the memory, so what is queued runs first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Pointer(in TensorView view)
    {
        RunQueued();
        return Address(view);
    }

    /// <summary>The same, for who takes what is queued to have run.</summary>
    private static byte* Address(in TensorView view) => view.IsEmpty ? null : Start(view.Buffer!) + (view.Offset * 4);

    private static byte* Start(IDeviceBuffer buffer)
    {
        byte* start = Unsafe.As<CpuBuffer>(buffer).Pointer;
        return start == null
            ? throw new ObjectDisposedException("tensor", "the tensor's memory was released; keep its owner alive while it is in use")
            : start;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* Floats(in TensorView view) => (float*)Pointer(view);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int* Ints(in TensorView view) => (int*)Pointer(view);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float* Floats(in MatrixView view)
    {
        if (view.IsEmpty) { return null; }
        RunQueued();
        return (float*)Start(view.Buffer!) + view.Offset;
    }
}
