using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>
/// The part of <see cref="BackendContract"/> that a backend's precision concerns: products and recurrences. A backend's test project derives one class
/// from it for each further mode that the backend has.
/// </summary>
public abstract partial class ProductContract : IDisposable
{
    /// <summary>Awkward sizes: below, at and above the widths of SIMD registers and of tiles.</summary>
    protected static readonly int[] Sizes = [1, 3, 7, 16, 17, 63, 64, 65, 100, 168];

    private IBackend? _backend;

    /// <summary>The backend under test.</summary>
    protected IBackend Backend => _backend ??= CreateBackend();

    /// <summary>Precision of its products: what <see cref="CreateBackend"/> asks for. Fp32 is held to exact bits, the others to tolerances.</summary>
    protected virtual ComputeMode Mode => ComputeMode.Fp32;

    /// <summary>Makes the backend under test.</summary>
    protected abstract IBackend CreateBackend();

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend?.Dispose();
        GC.SuppressFinalize(this);
    }
}
