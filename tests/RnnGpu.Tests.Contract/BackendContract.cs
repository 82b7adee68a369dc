using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>
/// What every backend must do, one file an operation in <c>Ops/</c>. A backend's test project derives one class from it for each
/// way in which that backend can run. Every tensor of every case is a <see cref="GuardedTensor"/>.
/// </summary>
public abstract partial class BackendContract : IDisposable
{
    /// <summary>Awkward sizes: below, at and above the widths of SIMD registers and of tiles.</summary>
    protected static readonly int[] Sizes = [1, 3, 7, 16, 17, 63, 64, 65, 100, 168];

    private IBackend? _backend;

    /// <summary>The backend under test.</summary>
    protected IBackend Backend => _backend ??= CreateBackend();

    /// <summary>Makes the backend under test.</summary>
    protected abstract IBackend CreateBackend();

    /// <inheritdoc/>
    public void Dispose()
    {
        _backend?.Dispose();
        GC.SuppressFinalize(this);
    }
}
