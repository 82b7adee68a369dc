using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>The part of <see cref="ProductContract"/> that is matrix products alone, for a backend that has more than one way to compute them.</summary>
public abstract partial class GemmContract : IDisposable
{
    /// <summary>Awkward sizes: below, at and above the widths of SIMD registers and of tiles.</summary>
    protected static readonly int[] Sizes = [1, 3, 7, 16, 17, 63, 64, 65, 100, 168];

    private IBackend? _backend;

    /// <summary>The backend under test.</summary>
    protected IBackend Backend => _backend ??= CreateBackend();

    /// <summary>Precision of its products: what <see cref="CreateBackend"/> asks for. Fp32 is held to exact bits, the others to tolerances.</summary>
    protected virtual ComputeMode Mode => ComputeMode.Fp32;

    /// <summary>
    /// Whether sums of products are taken in index order, or in groups of it: the rule, from which a backend may depart where it hands products to a library.
    /// </summary>
    protected virtual bool SumsAreChains => true;

    /// <summary>Makes the backend under test.</summary>
    protected abstract IBackend CreateBackend();

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend?.Dispose();
        GC.SuppressFinalize(this);
    }
}
