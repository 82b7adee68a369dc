using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Masks of sequences of unequal lengths, made on the device: <c>mask[b, t] = 1</c> while <c>t &lt; lengths[b]</c>, else 0. Keeps the numbers 0, 1, 2, ...
/// there, as many as the longest sequence had steps.
/// </summary>
public sealed class TimeMask : IDisposable
{
    private readonly Device _device;
    private Tensor _ramp;

    /// <summary>For tensors of <paramref name="device"/>.</summary>
    public TimeMask(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
    }

    /// <summary>The mask <c>[B, T]</c>.</summary>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T.</param>
    /// <param name="steps">T.</param>
    /// <exception cref="ArgumentException">A length above T; from a device, at the next call that waits.</exception>
    public Tensor Of(Tensor lengths, int steps) => (Lengths(lengths, steps) - Steps(steps)).Step();

    /// <summary>1 at each sequence's last step, else 0: <c>[B, T]</c>.</summary>
    /// <inheritdoc cref="Of"/>
    public Tensor LastOf(Tensor lengths, int steps)
    {
        Tensor left = Lengths(lengths, steps) - Steps(steps);
        return left.Step() - (left - 1f).Step();
    }

    /// <summary>Lengths as floats: <c>[B, 1]</c>.</summary>
    /// <inheritdoc cref="Of"/>
    public Tensor Lengths(Tensor lengths, int steps) => Ramp(steps + 1).Reshape(steps + 1, 1).Gather(lengths);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        if (_ramp.IsAlive) { _ramp.Release(); }
    }

    private Tensor Steps(int steps) => Ramp(steps);

    /// <summary>0, 1, .. count - 1.</summary>
    private Tensor Ramp(int count)
    {
        if (!_ramp.IsAlive || _ramp.Length < count)
        {
            if (_ramp.IsAlive) { _ramp.Release(); }
            var values = new float[Math.Max(16, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count))];
            for (int i = 0; i < values.Length; i++) { values[i] = i; }
            _ramp = _device.PersistentZeros(new Shape(values.Length));
            _device.Upload<float>(values, _ramp);
        }

        return _ramp.Slice(0, 0, count);
    }
}
