namespace RnnGpu.Nn;

/// <summary>Mean absolute error over elements.</summary>
public sealed class MeanAbsoluteError : MeanMetric
{
    private float[] _predictions = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "mae";

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<float> x = Read(predictions, ref _predictions), t = Read(targets, ref _targets);
        double sum = 0;
        for (int i = 0; i < t.Length; i++) { sum += Math.Abs((double)x[i] - t[i]); }
        Add(sum, t.Length);
    }
}

/// <summary>Mean squared error over elements.</summary>
public sealed class MeanSquaredError : MeanMetric
{
    private float[] _predictions = [], _targets = [];

    /// <inheritdoc/>
    public override string Name => "mse";

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets)
    {
        ReadOnlySpan<float> x = Read(predictions, ref _predictions), t = Read(targets, ref _targets);
        double sum = 0;
        for (int i = 0; i < t.Length; i++)
        {
            double d = (double)x[i] - t[i];
            sum += d * d;
        }

        Add(sum, t.Length);
    }
}
