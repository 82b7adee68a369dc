using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>The settings of <see cref="ForecastTask"/>.</summary>
public static class ForecastSettings
{
    /// <summary>Columns to forecast.</summary>
    public static readonly Setting<string> Target = Setting.Text("target", "", "Columns to forecast, with commas between; empty: the only column of numbers");

    /// <summary>Columns to read.</summary>
    public static readonly Setting<string> Inputs = Setting.Text(
        "inputs", "", "Columns to read beside the targets, with commas between; 'all' for every one of numbers; hour/24 reads a column as a cycle of 24, Date/year a date's place in the year (or week, or day)");

    /// <summary>H.</summary>
    public static readonly Setting<int> Horizon = Setting.Int("horizon", 1, 1, 1000, "Steps to forecast ahead");

    /// <summary>Steps of history.</summary>
    public static readonly Setting<int> Window = Setting.Int("window", 48, 2, 100_000, "Steps of history that a forecast is made from");

    /// <summary>Differencing.</summary>
    public static readonly Setting<int> Difference = Setting.Int(
        "difference", 1, 0, 10_000, "Learn the difference to the last known value (1) or to that of so many steps before (a season); 0: the value itself");

    /// <summary>Function before scaling.</summary>
    public static readonly Setting<string> Transform = Setting.Word("transform", "none", ["none", "sqrt", "log"], "Function of the targets before scaling; log is log(1 + y)");

    /// <summary>m.</summary>
    public static readonly Setting<int> Season = Setting.Int("season", 1, 1, 100_000, "Steps of a season, for the seasonal naive forecast and MASE");

    /// <summary>What to do with missing numbers.</summary>
    public static readonly Setting<string> Missing = Setting.Word("missing", "error", ["error", "fill"], "Missing numbers: refuse, or carry the last one forward (never learned or scored as truth)");

    /// <summary>Cell.</summary>
    public static readonly Setting<string> Cell = Setting.Word("cell", "lstm", ["lstm", "gru"], "Recurrent cell");

    /// <summary>Units.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 32, 1, 4096, "Units of each layer");

    /// <summary>Layers.</summary>
    public static readonly Setting<int> Layers = Setting.Int("layers", 1, 1, 16, "Recurrent layers");

    /// <summary>Dropout.</summary>
    public static readonly Setting<double> Dropout = Setting.Real("dropout", 0, 0, 0.95, "Dropout between layers and before the output");

    /// <summary>Loss.</summary>
    public static readonly Setting<string> Loss = Setting.Word("loss", "mse", ["mse", "mae"], "Loss: squared or absolute error");

    /// <summary>Series that a demo is made of.</summary>
    public static readonly Setting<string> Series = Setting.Word("series", "cosine", ["cosine", "lorenz"], "Series that --demo makes");

    /// <summary>Rows of that series.</summary>
    public static readonly Setting<int> SeriesSteps = Setting.Int("series-steps", 600, 50, 10_000_000, "Steps of the series that --demo makes");

    /// <summary>Time between its rows.</summary>
    public static readonly Setting<double> SeriesStep = Setting.Real("series-dt", 0.05, 1e-6, 1, "Time between two steps of --series lorenz");

    /// <summary>Free run.</summary>
    public static readonly Setting<double> FreeRun = Setting.Real(
        "free-run", 0, 0, 1e6, "Steps of a Lyapunov time: the evaluation also runs freely on its own forecasts and says how long they hold; 0: it does not");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
        [Target, Inputs, Horizon, Window, Difference, Transform, Season, Missing, Cell, Hidden, Layers, Dropout, Loss, Series, SeriesSteps, SeriesStep, FreeRun];

    /// <summary>The words of a list with commas.</summary>
    public static string[] List(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
