using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// Forecasts the next values of a series, one column or several, from its history and other columns, beside persistence, seasonal
/// naive, autoregression and ARIMA. Data are split in the order of time, and all that is fitted is fitted on the training part.
/// </summary>
public sealed class ForecastTask : LearningTask
{
    /// <summary>How far a prediction goes.</summary>
    public static readonly Setting<int> Ahead = Setting.Int("ahead", 0, 0, 1_000_000, "Steps to forecast; beyond the horizon on its own forecasts; 0: the horizon");

    /// <inheritdoc/>
    public override string Name => "forecast";

    /// <inheritdoc/>
    public override string Summary => "Forecast the next values of a series";

    /// <inheritdoc/>
    public override string DataFormat => "CSV, a row a time step in the order of time; a header names the columns";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings => ForecastSettings.All;

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> PredictSettings => [Ahead];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults =>
        [TrainingSettings.Epochs.Is(100), TrainingSettings.Batch.Is(8), TrainingSettings.LearningRate.Is(0.005), TrainingSettings.Validation.Is(0.2)];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskPreset> Presets =>
    [
        new("plain", "one column, 32 units", []),
        new("lorenz", "the Lorenz system of --demo, all three columns, with free runs", [
            ForecastSettings.Series.Is("lorenz"), ForecastSettings.SeriesSteps.Is(20_000), ForecastSettings.Target.Is("x,y,z"), ForecastSettings.Window.Is(16),
            ForecastSettings.Hidden.Is(64), ForecastSettings.FreeRun.Is(1 / (MadeSeries.LorenzExponent * 0.05)),
            TrainingSettings.Epochs.Is(120), TrainingSettings.Batch.Is(32), TrainingSettings.LearningRate.Is(0.004)]),
        new("sunspots", "monthly sunspots: square roots, cycles of 132 months", [
            ForecastSettings.Season.Is(132), ForecastSettings.Transform.Is("sqrt"), ForecastSettings.Dropout.Is(0.2),
            TrainingSettings.Epochs.Is(30), TrainingSettings.LearningRate.Is(0.003)]),
        new("temperatures", "daily temperatures, read with the place of the column Date in the year", [
            ForecastSettings.Inputs.Is("Date/year"), ForecastSettings.Season.Is(365), ForecastSettings.Window.Is(64), ForecastSettings.Dropout.Is(0.2),
            TrainingSettings.Epochs.Is(30), TrainingSettings.LearningRate.Is(0.003)]),
        new("air", "hourly PM2.5 from itself, weather, hour and month; NA filled, never learned or scored", [
            ForecastSettings.Target.Is("pm2.5"), ForecastSettings.Inputs.Is("DEWP,TEMP,PRES,cbwd,Iws,Is,Ir,hour/24,month/12"), ForecastSettings.Missing.Is("fill"),
            ForecastSettings.Season.Is(24), ForecastSettings.Hidden.Is(48), ForecastSettings.Dropout.Is(0.2), TrainingSettings.Validation.Is(0.25),
            TrainingSettings.Epochs.Is(5), TrainingSettings.Batch.Is(32), TrainingSettings.LearningRate.Is(0.003)]),
    ];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings) =>
        Whole(SeriesReader.Read(sources, settings.Get(ForecastSettings.Missing) == "fill"));

    /// <inheritdoc/>
    public override DataSplit Demo(Settings settings)
    {
        int steps = settings.Get(ForecastSettings.SeriesSteps);
        ulong seed = (ulong)settings.Get(TrainingSettings.Seed);
        SeriesTable table = settings.Get(ForecastSettings.Series) == "lorenz"
            ? MadeSeries.Lorenz(steps, settings.Get(ForecastSettings.SeriesStep), seed)
            : MadeSeries.Cosine(steps, period: 25, noise: 0.02, seed);
        return Split(Whole(table), settings.Get(TrainingSettings.Validation));
    }

    /// <summary>Folds are blocks of time, in order.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<int[]> Folds(TaskData data, int folds, ulong seed) => data.Count >= folds
        ? [.. Enumerable.Range(0, folds).Select(fold =>
        {
            int start = (int)((long)data.Count * fold / folds), end = (int)((long)data.Count * (fold + 1) / folds);
            return Enumerable.Range(start, end - start).ToArray();
        })]
        : throw new DataException($"{data.Count} steps are too few for {folds} folds");

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        ForecastPlan plan = ForecastPlan.Fit((SeriesData)training, settings);
        return new JsonObject { ["plan"] = plan.ToJson(), ["baselines"] = ForecastBaselines.Fit(plan, (SeriesData)training).ToJson() };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description)
    {
        ForecastPlan plan = ForecastPlan.Read(settings, description.Section("plan"));
        return new ForecastModel(device, settings, plan, ForecastBaselines.Read(description.Section("baselines"), plan.Targets.Length));
    }

    private static SeriesData Whole(SeriesTable table) => new(table, [.. Enumerable.Range(0, table.Rows)]);
}
