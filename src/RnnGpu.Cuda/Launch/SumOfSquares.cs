using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Elements of a block: twin of <c>squaresBlock</c> in <c>totals.cu</c>.</summary>
    private const int SquaresBlock = 4096;

    private readonly Kernel<SumOfSquaresParams> _sumOfSquares = new("totals", "sum_of_squares_f32");
    private readonly DeviceTable<SquaresSlot> _squares = new();

    /// <inheritdoc/>
    /// <remarks>Each tensor in blocks of 4,096 elements, each block in a fixed tree, the blocks of all tensors in another.</remarks>
    public void SumOfSquares(ReadOnlySpan<TensorView> tensors, in TensorView y)
    {
        Check.SumOfSquares(tensors, y);
        _squares.Clear();
        foreach (ref readonly TensorView x in tensors)
        {
            if (x.Length == 0) { continue; }
            _squares.Add(new SquaresSlot { X = Pointer(x), Count = x.Length, FirstBlock = _squares.Blocks }, Blocks(x.Length, SquaresBlock));
        }

        int blocks = _squares.Blocks;
        if (blocks == 0)
        {
            Fill(0f, y);
            return;
        }

        // Partial sums stand behind what summing them takes itself.
        long further = 0;
        for (long parts = Blocks(blocks, SumRowPart); parts > 1; parts = Blocks(parts, SumRowPart)) { further += parts; }
        ulong partials = Scratch((further + blocks) * sizeof(float)) + ((ulong)further * sizeof(float));
        (ulong slots, ulong owners) = _squares.Upload(_arena, _staging, _queue.Stream);
        _queue.Launch(_sumOfSquares, new Dim3(blocks), new Dim3(DefaultThreads), 0, new SumOfSquaresParams
        {
            Slots = slots,
            SlotOfBlock = owners,
            Partials = partials,
        });
        Walk kept = default, summed = default;
        summed.Append(blocks, 1, 0, 0);
        Sum(partials, kept, summed, accumulate: false, Pointer(y));
    }
}
