using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>
/// How factors of products are kept: as rows of 32-bit words along the inner axis, one fp32 or tf32 factor a word, or two bf16 or
/// fp16 ones (kernels/cuda/product/precision.cuh).
/// </summary>
internal static class ProductLayout
{
    /// <summary>Rows of a packed matrix are padded to the large tile of a product.</summary>
    public const int PackedRows = 128;

    /// <summary>Words of a slab: what a product reads of a row at a time.</summary>
    public const int SlabWords = 16;

    /// <summary>Source rows of a block of <c>pack_*</c>.</summary>
    public const int PackTileRows = 64;

    /// <summary>Threads of a block of <c>pack_*</c>.</summary>
    public const int PackThreads = 128;

    /// <summary>Ending of the names of a mode's kernels.</summary>
    public static string Suffix(ComputeMode mode) => mode switch
    {
        ComputeMode.Fp32 => "fp32",
        ComputeMode.Tf32 => "tf32",
        ComputeMode.Bf16 => "bf16",
        ComputeMode.Fp16 => "fp16",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "unknown mode"),
    };

    /// <summary>Factors of a word.</summary>
    public static int PerWord(ComputeMode mode) => mode is ComputeMode.Bf16 or ComputeMode.Fp16 ? 2 : 1;

    /// <summary>Words of a row of so many factors, padded to whole slabs.</summary>
    public static long Pitch(ComputeMode mode, long inner, int slabWords) => RoundUp(inner, slabWords * PerWord(mode)) / PerWord(mode);

    public static long RoundUp(long n, long unit) => (n + unit - 1) / unit * unit;

    public static long Tiles(long n, long tile) => (n + tile - 1) / tile;

    /// <summary>A kernel for each mode, in the order of <see cref="ComputeMode"/>.</summary>
    public static T[] ForEachMode<T>(Func<string, T> kernel) =>
        [kernel(Suffix(ComputeMode.Fp32)), kernel(Suffix(ComputeMode.Tf32)), kernel(Suffix(ComputeMode.Bf16)), kernel(Suffix(ComputeMode.Fp16))];
}
