using RnnGpu.Nn;

namespace RnnGpu.Cli.Training;

/// <summary>
/// Follows a run for its <see cref="TrainDisplay"/>, and measures its speed: time spent in steps, without validation and
/// checkpoints, and without the first steps, in which code is compiled and memory taken.
/// </summary>
internal sealed class ProgressReport : ITrainingCallback
{
    private const int FirstSteps = 3;

    private readonly TrainDisplay _display;
    private readonly string _unit;
    private readonly Func<long> _units;
    private readonly Func<double, string> _validation;
    private readonly RunGoal _goal;
    private TimeSpan _moment;
    private TimeSpan _inSteps;
    private long _steps;
    private long _startStep;
    private long _firstUnits;
    private double _loss = double.NaN;

    /// <summary>For steps of equal size.</summary>
    /// <param name="display">Where it shows.</param>
    /// <param name="unit">What speed is counted in.</param>
    /// <param name="unitsPerStep">Units of a step.</param>
    /// <param name="measure">What losses are in.</param>
    /// <param name="goal">What the run is heading for.</param>
    public ProgressReport(TrainDisplay display, string unit, int unitsPerStep, string measure, RunGoal goal)
    {
        (_display, _unit, _goal) = (display, unit, goal);
        _units = () => _steps * unitsPerStep;
        _validation = loss => $"{loss:F4} {measure}";
    }

    /// <summary>For steps of any size.</summary>
    /// <param name="display">Where it shows.</param>
    /// <param name="unit">What speed is counted in.</param>
    /// <param name="units">Units trained on by now.</param>
    /// <param name="validation">The last validation in words.</param>
    /// <param name="goal">What the run is heading for.</param>
    public ProgressReport(TrainDisplay display, string unit, Func<long> units, Func<string> validation, RunGoal goal)
    {
        (_display, _unit, _units, _goal) = (display, unit, units, goal);
        _validation = _ => validation();
    }

    /// <summary>Units trained on a second.</summary>
    public double UnitsPerSecond => _steps > FirstSteps ? (_units() - _firstUnits) / _inSteps.TotalSeconds : double.NaN;

    /// <summary>What speed is counted in.</summary>
    public string Unit => _unit;

    /// <summary>Steps made by this process.</summary>
    public long Steps => _steps;

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
        if (_steps == FirstSteps) { _firstUnits = _units(); }
        _moment = figures.Elapsed;
        _loss = double.IsNaN(_loss) ? figures.Loss : (0.95 * _loss) + (0.05 * figures.Loss);
        if (_display.IsDue) { Show(figures); }
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
        _display.Line($"step {figures.Step:#,0}: training {_loss:F4}, validation {_validation(figures.ValidationLoss)}{best}");
    }

    /// <inheritdoc/>
    public void OnCheckpoint(in TrainingFigures figures, string path) => _moment = figures.Elapsed;

    /// <inheritdoc/>
    public void OnEpoch(in TrainingFigures figures) => _moment = figures.Elapsed;

    private void Show(in TrainingFigures figures)
    {
        double done = _goal.Done(figures.Step, figures.Elapsed), before = _goal.Done(_startStep, TimeSpan.Zero);
        TimeSpan left = done > before ? figures.Elapsed * ((1 - done) / (done - before)) : TimeSpan.Zero;
        _display.Show(new TrainStatus(figures.Step, done, _loss, _unit, UnitsPerSecond, left, figures.LossScale, figures.SkippedSteps));
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
