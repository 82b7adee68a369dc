using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// Inverted dropout: each element is 0 with the given probability, else divided by 1 - probability. The mask comes from the
    /// key's stream and is computed again in the backward pass instead of being stored.
    /// </summary>
    /// <param name="probability">0 to less than 1.</param>
    /// <param name="key">Random stream.</param>
    /// <param name="first">Place of the first element in the stream.</param>
    /// <exception cref="ArgumentOutOfRangeException">A probability outside 0 to 1.</exception>
    public Tensor Dropout(float probability, RandomKey key, long first = 0)
    {
        if (!(probability is >= 0f and < 1f))
        {
            throw new ArgumentOutOfRangeException(nameof(probability), $"a dropout probability must be at least 0 and below 1, not {probability}");
        }

        TensorSlot x = this.Float(nameof(Dropout));
        Device device = x.Device;
        Tensor y = device.NewTensor(x.Shape);
        device.Backend.Dropout(x.View, probability, key, first, y.View);
        if (device.Records(x)) { device.Tape.Record<DropoutNode>().Set(x, probability, key, first, y); }
        return y;
    }
}

internal sealed class DropoutNode : TapeNode
{
    private float _probability;
    private RandomKey _key;
    private long _first;

    public void Set(TensorSlot x, float probability, RandomKey key, long first, Tensor y)
    {
        _probability = probability;
        _key = key;
        _first = first;
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward()
    {
        if (TryPassGradient(0, changed: true))
        {
            TensorView dx = Input(0).Gradient;
            Backend.Dropout(dx, _probability, _key, _first, dx);
            return;
        }

        Backend.Dropout(Dy, _probability, _key, _first, BeginAssign(0));
        EndAssign(0);
    }
}
