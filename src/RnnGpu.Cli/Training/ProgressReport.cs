using RnnGpu.Nn;

namespace RnnGpu.Cli.Training;

/// <summary>
/// Follows a run for its <see cref="TrainDisplay"/>, and measures its speed: time spent in steps, without validation and
/// checkpoints, and without the first steps, in which code is compiled and memory taken.
/// </summary>
internal sealed class ProgressReport(TrainDisplay display, int charactersPerStep, RunGoal goal) : ITrainingCallback
{
    private const int FirstSteps = 3;

    private TimeSpan _moment;
    private TimeSpan _inSteps;
    private long _steps;
    private long _startStep;
    private double _loss = double.NaN;

    /// <summary>Characters trained on a second.</summary>
    public double CharactersPerSecond => TimedSteps > 0 ? TimedSteps * charactersPerStep / _inSteps.TotalSeconds : double.NaN;

    /// <summary>Steps made by this process.</summary>
    public long Steps => _steps;

    private long TimedSteps => Math.Max(0, _steps - FirstSteps);

    /// <inheritdoc/>
    public void OnStart(in TrainingFigures figures)
    {
        _moment = figures.Elapsed;
        _startStep = figures.Step;
    }

    /// <inheritdoc/>
    public void OnStep(in TrainingFigures figures)
    {
        _steps++;
        if (_steps > FirstSteps) { _inSteps += figures.Elapsed - _moment; }
        _moment = figures.Elapsed;
        _loss = double.IsNaN(_loss) ? figures.Loss : (0.95 * _loss) + (0.05 * figures.Loss);
        if (display.IsDue) { Show(figures); }
    }

    /// <inheritdoc/>
    public void OnEnd(in TrainingFigures figures, TrainingEnd end)
    {
        if (_steps > 0) { Show(figures); }
    }

    /// <inheritdoc/>
    public void OnValidation(in TrainingFigures figures)
    {
        _moment = figures.Elapsed;
        string best = figures.BestStep == figures.Step ? ", the best so far" : $" (best: {figures.BestValidationLoss:F4} at step {figures.BestStep:#,0})";
        display.Line($"step {figures.Step:#,0}: training {_loss:F4}, validation {figures.ValidationLoss:F4} nats/character{best}");
    }

    /// <inheritdoc/>
    public void OnCheckpoint(in TrainingFigures figures, string path) => _moment = figures.Elapsed;

    /// <inheritdoc/>
    public void OnEpoch(in TrainingFigures figures) => _moment = figures.Elapsed;

    private void Show(in TrainingFigures figures)
    {
        double done = goal.Done(figures.Step, figures.Elapsed), before = goal.Done(_startStep, TimeSpan.Zero);
        TimeSpan left = done > before ? figures.Elapsed * ((1 - done) / (done - before)) : TimeSpan.Zero;
        display.Show(new TrainStatus(figures.Step, done, _loss, CharactersPerSecond, left));
    }
}

/// <summary>What a run is heading for: a number of steps, or a time.</summary>
/// <param name="Steps">Steps of the whole run, where it has a number.</param>
/// <param name="Time">Time of this process' part of it, where it has not.</param>
internal sealed record RunGoal(long? Steps, TimeSpan? Time)
{
    /// <summary>The part that is done, 0 to 1.</summary>
    public double Done(long step, TimeSpan elapsed) =>
        Math.Clamp(Steps is { } steps ? (double)step / steps : Time is { } time ? elapsed / time : 0, 0, 1);
}
