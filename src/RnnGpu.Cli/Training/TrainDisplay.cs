using Spectre.Console;
using Spectre.Console.Rendering;

namespace RnnGpu.Cli.Training;

/// <summary>Where a run stands, for people.</summary>
/// <param name="Step">Updates made.</param>
/// <param name="Done">Part of the run that is done, 0 to 1.</param>
/// <param name="Loss">Training loss, smoothed.</param>
/// <param name="Unit">What speed is counted in.</param>
/// <param name="UnitsPerSecond">Speed.</param>
/// <param name="TimeLeft">Estimate.</param>
/// <param name="LossScale">Factor of the loss; 1: it is not scaled.</param>
/// <param name="SkippedSteps">Steps that made no update, since their gradients were out of range.</param>
internal sealed record TrainStatus(
    long Step, double Done, double Loss, string Unit, double UnitsPerSecond, TimeSpan TimeLeft, double LossScale = 1, long SkippedSteps = 0)
{
    /// <summary>Loss, loss scale, speed and time left in words.</summary>
    public string Words =>
        $"loss {Loss:F3}"
        + (LossScale == 1 && SkippedSteps == 0 ? "" : $"  loss scale {LossScale:#,0.###}, {SkippedSteps:#,0} skipped")
        + (double.IsFinite(UnitsPerSecond) ? $"  {UnitsPerSecond:#,0} {Unit}/s  {Duration(TimeLeft)} left" : "");

    /// <summary>A duration as <c>1:02:03</c> or <c>2:03</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        long seconds = (long)Math.Clamp(time.TotalSeconds, 0, 1e9);
        return seconds >= 3600 ? $"{seconds / 3600}:{seconds / 60 % 60:D2}:{seconds % 60:D2}" : $"{seconds / 60}:{seconds % 60:D2}";
    }
}

/// <summary>
/// Shows a run as it goes: a bar where a person watches, else a line every few seconds. Cheap to call after every step:
/// it makes text only when there is something to show.
/// </summary>
internal abstract class TrainDisplay
{
    private readonly System.Diagnostics.Stopwatch _sinceShown = System.Diagnostics.Stopwatch.StartNew();

    /// <summary>The display that suits a context.</summary>
    public static TrainDisplay For(CommandContext context) => context.Interactive ? new Bar(context.Console) : new Lines(context.Text);

    /// <summary>Whether enough time has passed for the next <see cref="Show"/>.</summary>
    public bool IsDue => _sinceShown.Elapsed >= Interval;

    /// <summary>Time between two calls of <see cref="Show"/>.</summary>
    protected abstract TimeSpan Interval { get; }

    /// <summary>Runs the work with the display up.</summary>
    public abstract void Run(Action work);

    /// <summary>Shows where the run stands.</summary>
    public void Show(TrainStatus status)
    {
        _sinceShown.Restart();
        ShowNow(status);
    }

    /// <summary>A line that stays.</summary>
    public abstract void Line(string text);

    /// <inheritdoc cref="Show"/>
    protected abstract void ShowNow(TrainStatus status);

    private sealed class Lines(TextWriter writer) : TrainDisplay
    {
        protected override TimeSpan Interval => TimeSpan.FromSeconds(5);

        public override void Run(Action work) => work();

        public override void Line(string text)
        {
            writer.WriteLine(text);
            writer.Flush();
        }

        protected override void ShowNow(TrainStatus status) => Line($"step {status.Step:#,0} ({status.Done:P0})  {status.Words}");
    }

    private sealed class Bar(IAnsiConsole console) : TrainDisplay
    {
        private readonly StatusColumn _words = new();
        private ProgressContext? _context;
        private ProgressTask? _task;

        protected override TimeSpan Interval => TimeSpan.FromSeconds(0.25);

        public override void Run(Action work) => console.Progress()
            .AutoRefresh(false)
            .AutoClear(false)
            .Columns(new ProgressBarColumn { Width = 30 }, new PercentageColumn(), _words)
            .Start(context =>
            {
                _context = context;
                _task = context.AddTask("training");
                work();
            });

        public override void Line(string text) => console.MarkupLine(Markup.Escape(text));

        protected override void ShowNow(TrainStatus status)
        {
            _words.Words = status.Words;
            _task!.Value = status.Done * _task.MaxValue;
            _context!.Refresh();
        }
    }

    private sealed class StatusColumn : ProgressColumn
    {
        public string Words { get; set; } = "";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(Words);
    }
}
