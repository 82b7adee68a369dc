namespace RnnGpu.Nn;

/// <summary>
/// A loss or a gradient became infinite or not a number. The run is over, the model in memory is spoilt; nothing of it was
/// saved. The message is one line: when, what, what to try.
/// </summary>
public sealed class NumericFailureException : Exception
{
    /// <summary>For a figure of a step.</summary>
    /// <param name="step">The update, counted from 1.</param>
    /// <param name="figure">Such as "the training loss".</param>
    /// <param name="value">Not finite.</param>
    public NumericFailureException(long step, string figure, double value)
        : base($"step {step}: {figure} is {Text(value)}; try a lower learning rate, a warm-up or a lower limit of the gradient norm, "
            + "and look for extreme values in the data; earlier checkpoints are whole")
    {
        Step = step;
        Figure = figure;
        Value = value;
    }

    /// <summary>The update, counted from 1.</summary>
    public long Step { get; }

    /// <summary>What was not finite.</summary>
    public string Figure { get; }

    /// <summary>Its value.</summary>
    public double Value { get; }

    private static string Text(double value) => double.IsNaN(value) ? "not a number" : "infinite";
}
