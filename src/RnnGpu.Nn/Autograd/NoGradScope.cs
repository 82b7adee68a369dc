namespace RnnGpu.Nn;

/// <summary>
/// The inference scope of <see cref="Device.NoGrad"/>: nothing is recorded inside, and tensors made inside are released at its
/// end unless <see cref="Tensor.Keep"/> was called on them. Scopes nest; end them in the opposite order.
/// </summary>
public readonly struct NoGradScope : IDisposable
{
    private readonly Device _device;
    private readonly int _first;
    private readonly int _depth;

    internal NoGradScope(Device device, int first, int depth)
    {
        _device = device;
        _first = first;
        _depth = depth;
    }

    /// <summary>Ends the scope. A second call does nothing.</summary>
    public void Dispose() => _device?.EndScope(_first, _depth);
}
