namespace RnnGpu.Nn;

/// <summary>A figure for people, gathered over batches. Reads from the device, so it waits for it at every batch.</summary>
public abstract class Metric
{
    /// <summary>Name in histories.</summary>
    public abstract string Name { get; }

    /// <summary>The figure over all batches since <see cref="Reset"/>; NaN without any.</summary>
    public abstract double Value { get; }

    /// <summary>Starts anew.</summary>
    public abstract void Reset();

    /// <summary>Adds a batch. Called inside <see cref="Device.NoGrad"/>.</summary>
    /// <param name="predictions">The model's output.</param>
    /// <param name="targets">As the loss gets them.</param>
    public abstract void Update(Tensor predictions, Tensor targets);

    /// <summary>A tensor's values, in a buffer that grows when it must.</summary>
    private protected static ReadOnlySpan<T> Read<T>(Tensor tensor, ref T[] buffer)
        where T : unmanaged
    {
        int length = checked((int)tensor.Length);
        if (buffer.Length < length) { buffer = new T[length]; }
        Span<T> values = buffer.AsSpan(0, length);
        tensor.CopyTo(values);
        return values;
    }
}

/// <summary>A mean over elements or rows.</summary>
public abstract class MeanMetric : Metric
{
    private double _sum;
    private long _count;

    /// <inheritdoc/>
    public override double Value => _count == 0 ? double.NaN : _sum / _count;

    /// <inheritdoc/>
    public override void Reset()
    {
        _sum = 0;
        _count = 0;
    }

    private protected void Add(double sum, long count)
    {
        _sum += sum;
        _count += count;
    }
}
