using RnnGpu.Core;
using RnnGpu.Cuda.Blas;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly LtProducts? _library;
    private readonly long _libraryWork;
    private readonly string _whyNoLibrary;
    private readonly CudaBuffer?[] _libraryWorkspace = new CudaBuffer?[1 + Streams.CudaQueue.Sides];
    private readonly CudaBuffer?[] _libraryFactors = new CudaBuffer?[1 + Streams.CudaQueue.Sides];

    // Factors' memory that got too small: what was queued may still read it.
    private readonly List<CudaBuffer> _outgrown = [];

    /// <summary>The library of matrix products in use; null: own kernels.</summary>
    public CublasLt? ProductLibrary => _library?.Library;

    /// <inheritdoc/>
    public string DescribeProducts
    {
        get
        {
            string kernels = Mode == ComputeMode.Fp32
                ? "own kernels, fp32 by fused multiply-add, one chain a sum"
                : $"own kernels on tensor cores, {ModeName} factors, fp32 sums";
            return _library is { } library
                ? $"cuBLASLt {CublasLt.Text(library.Library.Version)} from {_libraryWork:N0} multiplications on, {ModeName} factors, fp32 sums in the library's order; else {kernels}"
                : $"{kernels}; {_whyNoLibrary}";
        }
    }

    /// <summary>Finds and starts the library, if it is wanted.</summary>
    /// <param name="use">What for.</param>
    /// <param name="name">Name or path; null: the usual ones.</param>
    /// <param name="why">Why there is none.</param>
    private LtProducts? StartLibrary(CublasLtUse use, string? name, out string why)
    {
        if (use == CublasLtUse.Off || (use == CublasLtUse.Auto && Mode == ComputeMode.Fp32))
        {
            why = use == CublasLtUse.Off ? "cuBLASLt is switched off" : $"cuBLASLt is for the lower precisions ({CudaOptions.CublasLtVariable}=always: for this one too)";
            return null;
        }

        CublasLtReport report = CublasLtProbe.Find(Driver, name);
        if (report.Library is null)
        {
            why = $"no cuBLASLt: {report.WhyNot}";
            return null;
        }

        long workspace = Math.Clamp(Device.MemoryBytes / 4096, 1L << 20, 32L << 20);
        return LtProducts.Start(report.Library, _context.Handle, Mode == ComputeMode.Tf32, workspace, out why);
    }

    private string ModeName => Mode.ToString().ToLowerInvariant();

    /// <summary>
    /// The product by cuBLASLt, where that is in use, the product large and its layout one that the library takes. Row-major C is column-major
    /// <c>C^T [N, M] = B^T [N, K] A^T [K, M]</c>: the library's A is our B, its bias runs along N.
    /// </summary>
    /// <param name="p">The product; strides as the kernels have them.</param>
    /// <param name="packed">Whether B is packed: rows along N of the mode's factors.</param>
    /// <returns>False: nothing was done.</returns>
    private bool MultiplyByLibrary(in GemmParams p, bool packed)
    {
        if (_library is null || p.K == 0 || p.M == 0 || p.N == 0 || (double)p.M * p.N * p.K < _libraryWork) { return false; }
        var activation = (GemmActivation)p.Activation;
        if (activation is not (GemmActivation.None or GemmActivation.Relu) || p.CRow < p.N) { return false; }
        bool halves = ProductLayout.PerWord(Mode) == 2;
        LtFactor left, right;
        if (halves)
        {
            long leftBytes = HalvesBytes(p.M, p.K), rightBytes = packed ? 0 : HalvesBytes(p.N, p.K);
            ulong factors = LibraryFactors(leftBytes + rightBytes);
            left = PackHalves(p.A, p.ARow, p.AInner, p.M, p.K, factors);
            right = packed ? PackedFactor(p, perWord: 2) : PackHalves(p.B, p.BRow, p.BInner, p.N, p.K, factors + (ulong)leftBytes);
        }
        else
        {
            GemmParams q = p;

            // Both factors may run back along the inner axis: the same sum, in another order.
            if (!packed && q.AInner < 0 && q.BInner < 0)
            {
                q.A += (ulong)((q.K - 1) * q.AInner * sizeof(float));
                q.B += (ulong)((q.K - 1) * q.BInner * sizeof(float));
                (q.AInner, q.BInner) = (-q.AInner, -q.BInner);
            }

            if (!DirectFactor(q.A, q.ARow, q.AInner, q.M, q.K, out left)) { return false; }
            if (packed) { right = PackedFactor(q, perWord: 1); }
            else if (!DirectFactor(q.B, q.BRow, q.BInner, q.N, q.K, out right)) { return false; }
        }

        BlasEpilogue epilogue = (p.Bias != 0, activation == GemmActivation.Relu) switch
        {
            (false, false) => BlasEpilogue.None,
            (false, true) => BlasEpilogue.Relu,
            (true, false) => BlasEpilogue.Bias,
            _ => BlasEpilogue.BiasRelu,
        };
        BlasType type = Mode switch { ComputeMode.Bf16 => BlasType.BFloat16, ComputeMode.Fp16 => BlasType.Float16, _ => BlasType.Float32 };
        var key = new LtKey(
            p.N, p.M, p.K, type, right.InnerContiguous, !left.InnerContiguous, right.Leading, left.Leading, p.CRow,
            AlignmentOf(right.Address), AlignmentOf(left.Address), AlignmentOf(p.C), epilogue);
        using CudaContext.Scope scope = _context.Enter();
        if (_library.Find(key) is not { } product) { return false; }
        product.Run(_library.Handle, right.Address, left.Address, p.Bias, p.Accumulate != 0, p.C, LibraryWorkspace(), _queue.Stream);
        return true;
    }

    /// <summary>A factor as rows that are each contiguous along the inner axis, or the other way round.</summary>
    private readonly record struct LtFactor(ulong Address, bool InnerContiguous, long Leading);

    private static bool DirectFactor(ulong address, long row, long inner, long rows, long depth, out LtFactor factor)
    {
        factor = inner == 1 ? new LtFactor(address, true, row) : new LtFactor(address, false, inner);
        return inner == 1 ? row >= depth : row == 1 && inner >= rows;
    }

    private static LtFactor PackedFactor(in GemmParams p, int perWord) => new(p.B, true, p.BRow * perWord);

    private long HalvesBytes(long rows, long depth) =>
        checked(ProductLayout.RoundUp(rows, ProductLayout.PackTileRows) * ProductLayout.Pitch(Mode, depth, ProductLayout.SlabWords) * 4);

    private LtFactor PackHalves(ulong source, long row, long inner, long rows, long depth, ulong to)
    {
        var p = new PackParams
        {
            Source = source,
            Packed = to,
            RowStride = row,
            InnerStride = inner,
            Rows = rows,
            Inner = depth,
            PaddedRows = ProductLayout.RoundUp(rows, ProductLayout.PackTileRows),
            Pitch = ProductLayout.Pitch(Mode, depth, ProductLayout.SlabWords),
        };
        Pack(p, gates: 1);
        return new LtFactor(to, true, p.Pitch * 2);
    }

    /// <summary>Memory for the converted factors of one product; each queue has its own. It grows to the largest product and stays.</summary>
    private ulong LibraryFactors(long bytes)
    {
        ref CudaBuffer? factors = ref _libraryFactors[_queue.Current];
        if (factors is null || factors.Bytes < bytes)
        {
            if (factors is not null) { _outgrown.Add(factors); }
            factors = null;
            factors = (CudaBuffer)_arena.Allocate((long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)bytes));
        }

        return factors.Pointer;
    }

    private ulong LibraryWorkspace() => (_libraryWorkspace[_queue.Current] ??= (CudaBuffer)_arena.Allocate(_library!.WorkspaceBytes)).Pointer;

    /// <summary>What an address is a multiple of, up to the library's largest.</summary>
    private static int AlignmentOf(ulong address) => 1 << Math.Min(8, System.Numerics.BitOperations.TrailingZeroCount(address));

    private void ReleaseLibrary()
    {
        foreach (CudaBuffer? buffer in _libraryWorkspace) { buffer?.Dispose(); }
        foreach (CudaBuffer? buffer in _libraryFactors) { buffer?.Dispose(); }
        foreach (CudaBuffer buffer in _outgrown) { buffer.Dispose(); }
        if (_library is null) { return; }
        CudaResult pushed = Driver.TryPushContext(_context.Handle.DangerousGetHandle());
        _context.Handle.Note(pushed, DriverEntry.cuCtxPushCurrent_v2);
        _library.Dispose();
        if (pushed == CudaResult.Success) { _context.Handle.Note(Driver.TryPopContext(), DriverEntry.cuCtxPopCurrent_v2); }
    }
}
