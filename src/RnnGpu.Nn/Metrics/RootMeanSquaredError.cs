namespace RnnGpu.Nn;

/// <summary>Root mean squared error over elements: sqrt(mean (x - t)²), in the targets' unit.</summary>
public sealed class RootMeanSquaredError : Metric
{
    private readonly MeanSquaredError _squared = new();

    /// <inheritdoc/>
    public override string Name => "rmse";

    /// <inheritdoc/>
    public override double Value => Math.Sqrt(_squared.Value);

    /// <inheritdoc/>
    public override void Reset() => _squared.Reset();

    /// <inheritdoc/>
    public override void Update(Tensor predictions, Tensor targets) => _squared.Update(predictions, targets);
}
