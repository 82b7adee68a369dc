using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Blas;

/// <summary>A backend's use of cuBLASLt: its handle, and the products met so far.</summary>
internal sealed class LtProducts : IDisposable
{
    // More shapes than any model has; a program that keeps making new ones starts over.
    private const int Capacity = 1024;

    private readonly Dictionary<LtKey, LtProduct?> _products = [];
    private readonly ContextHandle _context;
    private readonly LtHandle _handle;

    private LtProducts(CublasLt library, ContextHandle context, LtHandle handle, bool tf32, long workspaceBytes)
    {
        Library = library;
        _context = context;
        _handle = handle;
        Tf32 = tf32;
        WorkspaceBytes = workspaceBytes;
    }

    public CublasLt Library { get; }

    /// <summary>Whether fp32 factors are rounded to tf32.</summary>
    public bool Tf32 { get; }

    /// <summary>Most workspace of a product.</summary>
    public long WorkspaceBytes { get; }

    /// <summary>The library's own handle.</summary>
    public nint Handle => _handle.Value;

    /// <summary>Starts the library in the current context.</summary>
    /// <returns>Null: it did not start; says why.</returns>
    public static LtProducts? Start(CublasLt library, ContextHandle context, bool tf32, long workspaceBytes, out string why)
    {
        CublasLtStatus status = library.TryCreate(out nint handle);
        why = status == CublasLtStatus.Success ? "" : $"{library.Library}: {CublasLtEntry.cublasLtCreate} failed with {status} ({(int)status})";
        return status == CublasLtStatus.Success
            ? new LtProducts(library, context, new LtHandle(library, context, handle, CublasLtEntry.cublasLtDestroy), tf32, workspaceBytes)
            : null;
    }

    /// <summary>The product of a key, asked for once; null: the library has none.</summary>
    /// <exception cref="CublasLtException">A call failed.</exception>
    public LtProduct? Find(in LtKey key)
    {
        if (_products.TryGetValue(key, out LtProduct? product)) { return product; }
        if (_products.Count == Capacity) { Clear(); }
        product = LtProduct.Find(Library, _context, Handle, key, Tf32, WorkspaceBytes);
        _products.Add(key, product);
        return product;
    }

    public void Dispose()
    {
        Clear();
        _handle.Dispose();
    }

    private void Clear()
    {
        foreach (KeyValuePair<LtKey, LtProduct?> product in _products) { product.Value?.Dispose(); }
        _products.Clear();
    }
}
