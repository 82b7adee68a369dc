namespace RnnGpu.Core;

/// <summary>A way to run the time loop of a problem: what a backend chooses from, for <see cref="RnnPlan.Explain"/>.</summary>
/// <param name="Pass"><c>forward</c> or <c>backward</c>.</param>
/// <param name="Strategy">Name: <c>persistent</c>, <c>stepwise</c>.</param>
/// <param name="PredictedSeconds">A step, as the backend's model has it; NaN where it cannot run so.</param>
/// <param name="Taken">Whether the loop runs so.</param>
/// <param name="Reason">Why it is taken, or not.</param>
public sealed record LoopCandidate(string Pass, string Strategy, double PredictedSeconds, bool Taken, string Reason)
{
    /// <summary>The problem as the cache of measured strategies names it; empty where none is kept.</summary>
    public string Problem { get; init; } = "";

    /// <summary>A step as timed; NaN where nobody did.</summary>
    public double MeasuredSeconds { get; init; } = double.NaN;

    /// <summary>Whether it can run so.</summary>
    public bool Eligible => double.IsFinite(PredictedSeconds);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Pass,-8} {Strategy,-10} {(Eligible ? $"{PredictedSeconds * 1e6,9:F2} us a step predicted" : "        -                    ")}"
        + (double.IsFinite(MeasuredSeconds) ? $"{MeasuredSeconds * 1e6,9:F2} measured" : "")
        + $"  {(Taken ? "taken" : "not taken")}: {Reason}";
}
