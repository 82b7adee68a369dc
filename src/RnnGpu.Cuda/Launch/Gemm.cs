using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    // By mode: for tiles 128 x 128, and for tiles 32 x 64 where there are few rows, columns or tiles.
    private readonly Kernel<GemmParams>[] _gemmLarge = ProductLayout.ForEachMode(mode => new Kernel<GemmParams>($"gemm_{mode}", $"gemm_{mode}_128x128"));
    private readonly Kernel<GemmParams>[] _gemmSmall = ProductLayout.ForEachMode(mode => new Kernel<GemmParams>($"gemm_{mode}", $"gemm_{mode}_32x64"));
    private readonly Kernel<GemmParams>[] _gemmPackedLarge = ProductLayout.ForEachMode(mode => new Kernel<GemmParams>($"gemm_{mode}", $"gemm_packed_{mode}_128x128"));
    private readonly Kernel<GemmParams>[] _gemmPackedSmall = ProductLayout.ForEachMode(mode => new Kernel<GemmParams>($"gemm_{mode}", $"gemm_packed_{mode}_32x64"));
    private readonly Kernel<PackParams>[] _pack = ProductLayout.ForEachMode(mode => new Kernel<PackParams>("pack", $"pack_{mode}"));

    /// <inheritdoc/>
    public void Gemm(in MatrixView a, in MatrixView b, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        Check.Gemm(a, b.Rows, b.Columns, bias, activation, accumulate, c);
        GemmParams p = Product(a, b.Rows, b.Columns, bias, activation, accumulate, c);
        p.B = Pointer(b);
        (p.BRow, p.BInner) = b.IsTransposed ? (b.RowStride, 1L) : (1L, b.RowStride);
        if (MultiplyByLibrary(p, packed: false)) { return; }
        Multiply(_gemmSmall, _gemmLarge, p);
    }

    /// <inheritdoc/>
    public long PackedMatrixBytes(long k, long n) =>
        checked(ProductLayout.RoundUp(n, ProductLayout.PackedRows) * ProductLayout.Pitch(Mode, k, ProductLayout.SlabWords) * 4);

    /// <inheritdoc/>
    public void PackMatrix(in MatrixView b, in TensorView packed)
    {
        CheckPacked(packed, PackedMatrixBytes(b.Rows, b.Columns));
        var p = new PackParams
        {
            Source = Pointer(b),
            Packed = Pointer(packed),
            Rows = b.Columns,
            Inner = b.Rows,
            PaddedRows = ProductLayout.RoundUp(b.Columns, ProductLayout.PackedRows),
            Pitch = ProductLayout.Pitch(Mode, b.Rows, ProductLayout.SlabWords),
        };
        (p.RowStride, p.InnerStride) = b.IsTransposed ? (b.RowStride, 1L) : (1L, b.RowStride);
        Pack(p, gates: 1);
    }

    /// <inheritdoc/>
    public void GemmPacked(
        in MatrixView a, in TensorView packed, long k, long n, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        Check.Gemm(a, k, n, bias, activation, accumulate, c);
        CheckPacked(packed, PackedMatrixBytes(k, n));
        GemmParams p = Product(a, k, n, bias, activation, accumulate, c);
        p.B = Pointer(packed);
        p.BRow = ProductLayout.Pitch(Mode, k, ProductLayout.SlabWords);
        if (MultiplyByLibrary(p, packed: true)) { return; }
        Multiply(_gemmPackedSmall, _gemmPackedLarge, p);
    }

    private static GemmParams Product(
        in MatrixView a, long k, long n, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        var p = new GemmParams
        {
            A = Pointer(a),
            Bias = Pointer(bias),
            C = Pointer(c),
            M = a.Rows,
            N = n,
            K = k,
            CRow = c.RowStride,
            Activation = (int)activation,
            Accumulate = accumulate ? 1 : 0,
        };
        (p.ARow, p.AInner) = a.IsTransposed ? (1L, a.RowStride) : (a.RowStride, 1L);
        return p;
    }

    private void Multiply(Kernel<GemmParams>[] small, Kernel<GemmParams>[] large, in GemmParams p)
    {
        if (p.M == 0 || p.N == 0) { return; }

        // Large tiles read less; small ones are more, and waste less at the edges.
        long tiles = ProductLayout.Tiles(p.M, 128) * ProductLayout.Tiles(p.N, 128);
        bool isLarge = p.M > 32 && p.N > 64 && tiles >= _context.Device.Multiprocessors;
        if (!isLarge) { tiles = ProductLayout.Tiles(p.M, 32) * ProductLayout.Tiles(p.N, 64); }
        if (tiles > int.MaxValue) { throw new ArgumentException($"a product of {p.M} rows and {p.N} columns is too large for one launch"); }
        const int Stages = 3, PitchBytes = 80;
        Kernel<GemmParams> kernel = (isLarge ? large : small)[(int)Mode];
        _queue.Launch(kernel, new Dim3((int)tiles), new Dim3(isLarge ? 256 : 128), Stages * PitchBytes * (isLarge ? 128 + 128 : 32 + 64), p);
    }

    private void Pack(in PackParams p, int gates)
    {
        long blocks = ProductLayout.Tiles(p.PaddedRows, ProductLayout.PackTileRows) * (p.Pitch / ProductLayout.SlabWords);
        if (blocks > int.MaxValue) { throw new ArgumentException($"a matrix of {p.Inner} x {p.Rows} is too large to be packed by one launch"); }
        if (blocks > 0) { _queue.Launch(_pack[(int)Mode], new Dim3((int)blocks, gates), new Dim3(ProductLayout.PackThreads), 0, p); }
    }

    /// <summary>Packed operands are read 16 bytes at a time.</summary>
    private static void CheckPacked(in TensorView packed, long bytes)
    {
        Check.Packed(packed, bytes);
        if (bytes > 0 && Pointer(packed) % 16 != 0) { throw new ArgumentException($"a packed operand starts at a multiple of 16 bytes, but {packed} does not"); }
    }
}
