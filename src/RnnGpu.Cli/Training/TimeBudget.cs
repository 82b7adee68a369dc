using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Cli.Training;

/// <summary>
/// The learning-rate schedule of a run whose length is a time: once a twentieth of the time has passed, the number of steps that
/// will fit is estimated from the speed so far, and the schedule is laid over that many steps. The number is saved: a resumed run
/// goes on to it, whatever the machine's speed then.
/// </summary>
/// <param name="time">Length of the run.</param>
/// <param name="peak">Rate until the number of steps is known.</param>
/// <param name="make">The schedule over a number of steps.</param>
internal sealed class TimeBudget(TimeSpan time, LearningRateSchedule peak, Func<long, LearningRateSchedule> make) : LearningRateSchedule, ITrainingCallback
{
    private const string TotalName = "total_steps";

    private LearningRateSchedule _schedule = peak;
    private long _firstStep = -1;
    private TimeSpan _firstTime;

    /// <summary>Steps of the whole run, once known.</summary>
    public long? TotalSteps { get; private set; }

    /// <summary>The number of steps that an earlier part of a run had settled on, or null.</summary>
    public static long? SavedTotal(CheckpointSection schedule) => schedule.Has(TotalName) ? schedule.Int64(TotalName) : null;

    /// <inheritdoc/>
    public override double Rate(long step) => _schedule.Rate(step);

    /// <inheritdoc/>
    public override void Save(JsonObject state)
    {
        if (TotalSteps is { } total) { state[TotalName] = total; }
    }

    /// <inheritdoc/>
    public void OnStep(in TrainingFigures figures)
    {
        if (TotalSteps is not null) { return; }
        if (_firstStep < 0)
        {
            // The first step is slower than the rest: code is compiled and memory taken.
            (_firstStep, _firstTime) = (figures.Step, figures.Elapsed);
            return;
        }

        if (figures.Elapsed < time / 20) { return; }
        double stepsASecond = (figures.Step - _firstStep) / (figures.Elapsed - _firstTime).TotalSeconds;
        double left = Math.Max(0, (time - figures.Elapsed).TotalSeconds);
        Settle(figures.Step + Math.Max(1, (long)(stepsASecond * left)));
    }

    /// <summary>Lays the schedule over a number of steps.</summary>
    public void Settle(long totalSteps)
    {
        TotalSteps = totalSteps;
        _schedule = make(totalSteps);
    }
}
