using RnnGpu.Cuda.Handles;
using E = RnnGpu.Cuda.Blas.CublasLtEntry;

namespace RnnGpu.Cuda.Blas;

/// <summary>
/// A product as cuBLASLt sees it: <c>D [m, n] = op(A) op(B)</c>, columns contiguous, fp32 sums; equal ones take the same algorithm. Alignments in bytes.
/// </summary>
internal readonly record struct LtKey(
    long M, long N, long K, BlasType Type, bool TransposeA, bool TransposeB, long LeadingA, long LeadingB, long LeadingD,
    int AlignmentA, int AlignmentB, int AlignmentD, BlasEpilogue Epilogue)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{M} x {N} x {K} of {Type}, A {(TransposeA ? "transposed, " : "")}{LeadingA} apart, B {(TransposeB ? "transposed, " : "")}{LeadingB} apart, D {LeadingD} apart";
}

/// <summary>
/// A product that the library has an algorithm for: chosen once, by the library's heuristics, among those that give the same bits every time: sums
/// over the inner axis stay whole, or their parts meet in the workspace in a fixed order.
/// </summary>
internal sealed unsafe class LtProduct : IDisposable
{
    // Bits of cublasLtReductionScheme_t: not "in place", whose parts are added to D as they come.
    private const uint DeterministicReductions = 2;

    private readonly CublasLt _library;
    private readonly LtHandle _description;
    private readonly LtHandle _a;
    private readonly LtHandle _b;
    private readonly LtHandle _d;
    private HeuristicResult _algorithm;

    private LtProduct(CublasLt library, LtHandle description, LtHandle a, LtHandle b, LtHandle d, HeuristicResult algorithm)
    {
        _library = library;
        _description = description;
        _a = a;
        _b = b;
        _d = d;
        _algorithm = algorithm;
    }

    /// <summary>Asks the library.</summary>
    /// <returns>Null: it has no algorithm for this within the limits.</returns>
    /// <exception cref="CublasLtException">A call failed; nothing of it is left.</exception>
    public static LtProduct? Find(CublasLt library, ContextHandle context, nint handle, in LtKey key, bool tf32, long workspaceBytes)
    {
        var made = new List<LtHandle>();
        bool kept = false;
        try
        {
            Check(library.CreateDescription(tf32 ? BlasCompute.FastTf32 : BlasCompute.Float32, BlasType.Float32, out nint raw), E.cublasLtMatmulDescCreate, key);
            LtHandle description = Own(raw, E.cublasLtMatmulDescDestroy);
            Describe(DescriptionAttribute.TransposeA, key.TransposeA ? 1 : 0, key);
            Describe(DescriptionAttribute.TransposeB, key.TransposeB ? 1 : 0, key);
            Describe(DescriptionAttribute.Epilogue, (int)key.Epilogue, key);
            LtHandle a = Layout(key.Type, key.TransposeA ? key.K : key.M, key.TransposeA ? key.M : key.K, key.LeadingA, key);
            LtHandle b = Layout(key.Type, key.TransposeB ? key.N : key.K, key.TransposeB ? key.K : key.N, key.LeadingB, key);
            LtHandle d = Layout(BlasType.Float32, key.M, key.N, key.LeadingD, key);
            Check(library.CreatePreference(out raw), E.cublasLtMatmulPreferenceCreate, key);
            using var preference = new LtHandle(library, context, raw, E.cublasLtMatmulPreferenceDestroy);
            Prefer(PreferenceAttribute.MaxWorkspaceBytes, (ulong)workspaceBytes, key);
            Prefer(PreferenceAttribute.ReductionSchemeMask, DeterministicReductions, key);
            Prefer(PreferenceAttribute.MinAlignmentA, (uint)key.AlignmentA, key);
            Prefer(PreferenceAttribute.MinAlignmentB, (uint)key.AlignmentB, key);
            Prefer(PreferenceAttribute.MinAlignmentC, (uint)key.AlignmentD, key);
            Prefer(PreferenceAttribute.MinAlignmentD, (uint)key.AlignmentD, key);
            CublasLtStatus status = library.FindAlgorithm(
                handle, description.Value, a.Value, b.Value, d.Value, preference.Value, out HeuristicResult result, out int found);
            if (status == CublasLtStatus.NotSupported || (status == CublasLtStatus.Success && (found == 0 || result.State != CublasLtStatus.Success))) { return null; }
            Check(status, E.cublasLtMatmulAlgoGetHeuristic, key);
            kept = true;
            return new LtProduct(library, description, a, b, d, result);

            void Describe(DescriptionAttribute attribute, int value, in LtKey key) =>
                Check(library.SetDescription(description.Value, attribute, value), E.cublasLtMatmulDescSetAttribute, key);

            void Prefer<T>(PreferenceAttribute attribute, T value, in LtKey key)
                where T : unmanaged => Check(library.SetPreference(preference.Value, attribute, value), E.cublasLtMatmulPreferenceSetAttribute, key);
        }
        finally
        {
            foreach (LtHandle one in made)
            {
                if (!kept) { one.Dispose(); }
            }
        }

        LtHandle Own(nint value, E destroy)
        {
            var owned = new LtHandle(library, context, value, destroy);
            made.Add(owned);
            return owned;
        }

        LtHandle Layout(BlasType type, long rows, long columns, long leading, in LtKey key)
        {
            Check(library.CreateLayout(type, rows, columns, leading, out nint layout), E.cublasLtMatrixLayoutCreate, key);
            return Own(layout, E.cublasLtMatrixLayoutDestroy);
        }
    }

    /// <summary>Queues the product. Allocates nothing.</summary>
    /// <param name="handle">The library's.</param>
    /// <param name="a">Address of A.</param>
    /// <param name="b">Address of B.</param>
    /// <param name="bias">Address of <c>[m]</c>; 0: none.</param>
    /// <param name="accumulate">Whether D grows by the product.</param>
    /// <param name="d">Address of D.</param>
    /// <param name="workspace">Address of as many bytes as the limit in <see cref="Find"/> said.</param>
    /// <param name="stream">Where to.</param>
    /// <exception cref="CublasLtException">The library refused.</exception>
    public void Run(nint handle, ulong a, ulong b, ulong bias, bool accumulate, ulong d, ulong workspace, nint stream)
    {
        CublasLtStatus status;
        if (bias != 0)
        {
            status = _library.SetDescription(_description.Value, DescriptionAttribute.BiasPointer, bias);
            if (status != CublasLtStatus.Success) { throw new CublasLtException(E.cublasLtMatmulDescSetAttribute, status); }
        }

        fixed (HeuristicResult* algorithm = &_algorithm)
        {
            status = _library.Multiply(
                handle, _description.Value, a, _a.Value, b, _b.Value, accumulate ? 1f : 0f, d, _d.Value, algorithm, workspace, stream);
        }

        if (status != CublasLtStatus.Success) { throw new CublasLtException(E.cublasLtMatmul, status); }
    }

    public void Dispose()
    {
        _description.Dispose();
        _a.Dispose();
        _b.Dispose();
        _d.Dispose();
    }

    private static void Check(CublasLtStatus status, E entry, in LtKey key)
    {
        if (status != CublasLtStatus.Success) { throw new CublasLtException(entry, status, $"for a product of {key}"); }
    }
}
