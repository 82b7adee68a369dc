using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;
using E = RnnGpu.Cuda.Blas.CublasLtEntry;

namespace RnnGpu.Cuda.Blas;

/// <summary>
/// A loaded cuBLASLt: a table of its entry points and the checked calls on them. Never unloaded. Of what the library does only products are used:
/// <c>D = op(A) op(B) + beta C</c> over matrices whose columns are contiguous, with a bias along D's rows.
/// </summary>
public sealed unsafe class CublasLt
{
    /// <summary>Oldest version whose interface is the one used here: that of CUDA 12.0.</summary>
    public const long OldestVersion = 120_000;

    private static readonly string[] Names = Enum.GetNames<CublasLtEntry>();
    private readonly nint[] _entries = new nint[Names.Length];
    private readonly long[] _calls = new long[Names.Length];

    /// <exception cref="CudaException">It is another library, or too old; the message says which.</exception>
    internal CublasLt(string library, nint handle)
    {
        Library = library;
        for (int i = 0; i < Names.Length; i++)
        {
            if (!NativeLibrary.TryGetExport(handle, Names[i], out _entries[i])) { throw new CudaException($"it lacks {Names[i]}: it is not cuBLASLt, or too old"); }
        }

        Version = (long)((delegate* unmanaged<nuint>)Use(E.cublasLtGetVersion))();
        if (Version < OldestVersion) { throw new CudaException($"it is version {Text(Version)}; {Text(OldestVersion)} (CUDA 12) or newer is needed"); }
    }

    /// <summary>Name or path that the library was loaded by.</summary>
    public string Library { get; }

    /// <summary>As the library writes it: 120405 is 12.4.5.</summary>
    public long Version { get; }

    /// <summary>Calls of an entry point so far.</summary>
    public long CallsOf(CublasLtEntry entry) => _calls[(int)entry];

    /// <summary>A version in words. Libraries before 12 wrote theirs in thousands.</summary>
    public static string Text(long version) =>
        version >= 100_000 ? $"{version / 10_000}.{version % 10_000 / 100}.{version % 100}" : $"11 or older ({version})";

    internal CublasLtStatus TryCreate(out nint handle)
    {
        nint created = 0;
        CublasLtStatus status = ((delegate* unmanaged<nint*, CublasLtStatus>)Use(E.cublasLtCreate))(&created);
        handle = created;
        return status;
    }

    internal CublasLtStatus Destroy(E entry, nint handle) => ((delegate* unmanaged<nint, CublasLtStatus>)Use(entry))(handle);

    internal CublasLtStatus CreateDescription(BlasCompute compute, BlasType scale, out nint description)
    {
        nint created = 0;
        CublasLtStatus status = ((delegate* unmanaged<nint*, BlasCompute, BlasType, CublasLtStatus>)Use(E.cublasLtMatmulDescCreate))(&created, compute, scale);
        description = created;
        return status;
    }

    internal CublasLtStatus SetDescription<T>(nint description, DescriptionAttribute attribute, T value)
        where T : unmanaged => ((delegate* unmanaged<nint, DescriptionAttribute, void*, nuint, CublasLtStatus>)Use(E.cublasLtMatmulDescSetAttribute))(
            description, attribute, &value, (nuint)sizeof(T));

    internal CublasLtStatus CreateLayout(BlasType type, long rows, long columns, long leading, out nint layout)
    {
        nint created = 0;
        CublasLtStatus status = ((delegate* unmanaged<nint*, BlasType, ulong, ulong, long, CublasLtStatus>)Use(E.cublasLtMatrixLayoutCreate))(
            &created, type, (ulong)rows, (ulong)columns, leading);
        layout = created;
        return status;
    }

    internal CublasLtStatus CreatePreference(out nint preference)
    {
        nint created = 0;
        CublasLtStatus status = ((delegate* unmanaged<nint*, CublasLtStatus>)Use(E.cublasLtMatmulPreferenceCreate))(&created);
        preference = created;
        return status;
    }

    internal CublasLtStatus SetPreference<T>(nint preference, PreferenceAttribute attribute, T value)
        where T : unmanaged => ((delegate* unmanaged<nint, PreferenceAttribute, void*, nuint, CublasLtStatus>)Use(E.cublasLtMatmulPreferenceSetAttribute))(
            preference, attribute, &value, (nuint)sizeof(T));

    internal CublasLtStatus FindAlgorithm(nint handle, nint description, nint a, nint b, nint d, nint preference, out HeuristicResult result, out int found)
    {
        HeuristicResult first = default;
        int count = 0;
        CublasLtStatus status = ((delegate* unmanaged<nint, nint, nint, nint, nint, nint, nint, int, HeuristicResult*, int*, CublasLtStatus>)Use(E.cublasLtMatmulAlgoGetHeuristic))(
            handle, description, a, b, d, d, preference, 1, &first, &count);
        result = first;
        found = count;
        return status;
    }

    internal CublasLtStatus Multiply(
        nint handle, nint description, ulong a, nint aLayout, ulong b, nint bLayout, float beta, ulong d, nint dLayout, HeuristicResult* algorithm, ulong workspace, nint stream)
    {
        float alpha = 1f;
        return ((delegate* unmanaged<nint, nint, float*, ulong, nint, ulong, nint, float*, ulong, nint, ulong, nint, HeuristicResult*, ulong, nuint, nint, CublasLtStatus>)Use(E.cublasLtMatmul))(
            handle, description, &alpha, a, aLayout, b, bLayout, &beta, d, dLayout, d, dLayout, algorithm, workspace, algorithm->WorkspaceBytes, stream);
    }

    private nint Use(E entry)
    {
        _calls[(int)entry]++;
        return _entries[(int)entry];
    }
}

/// <summary>What sums are computed in (<c>cublasComputeType_t</c>).</summary>
internal enum BlasCompute
{
    Float32 = 68,
    FastTf32 = 77,
}

/// <summary>Type of elements (<c>cudaDataType</c>).</summary>
internal enum BlasType
{
    Float32 = 0,
    Float16 = 2,
    BFloat16 = 14,
}

/// <summary>Attributes of a product (<c>cublasLtMatmulDescAttributes_t</c>).</summary>
internal enum DescriptionAttribute
{
    TransposeA = 3,
    TransposeB = 4,
    Epilogue = 7,
    BiasPointer = 8,
}

/// <summary>What follows a product (<c>cublasLtEpilogue_t</c>).</summary>
internal enum BlasEpilogue
{
    None = 1,
    Relu = 2,
    Bias = 4,
    BiasRelu = 6,
}

/// <summary>Limits on algorithms (<c>cublasLtMatmulPreferenceAttributes_t</c>).</summary>
internal enum PreferenceAttribute
{
    MaxWorkspaceBytes = 1,
    ReductionSchemeMask = 3,
    MinAlignmentA = 5,
    MinAlignmentB = 6,
    MinAlignmentC = 7,
    MinAlignmentD = 8,
}

/// <summary>An algorithm that the library chose (<c>cublasLtMatmulHeuristicResult_t</c>); the algorithm itself, 64 bytes, stands first.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HeuristicResult
{
    private readonly ulong _algorithm0, _algorithm1, _algorithm2, _algorithm3, _algorithm4, _algorithm5, _algorithm6, _algorithm7;

    public readonly nuint WorkspaceBytes;
    public readonly CublasLtStatus State;
    public readonly float Waves;
    private readonly int _reserved0, _reserved1, _reserved2, _reserved3;
}
