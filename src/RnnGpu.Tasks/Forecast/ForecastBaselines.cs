using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// What a forecast must beat: persistence (the last value), the seasonal naive forecast (the value one season before), an autoregression
/// and an ARIMA, the latter two fitted on the training rows. A row that a baseline cannot forecast, for lack of history, it answers by persistence.
/// </summary>
internal sealed class ForecastBaselines(AutoRegression[] ar, AutoRegression[] arima)
{
    /// <summary>Fits on the training rows.</summary>
    public static ForecastBaselines Fit(ForecastPlan plan, SeriesData data)
    {
        double[][] series = [.. plan.Targets.Select(target =>
        {
            double[] filled = ForecastInput.Filled(data.Table.Find(target.Column)!.Values!);
            return data.Rows.Select(row => filled[row]).ToArray();
        })];
        return new ForecastBaselines([.. series.Select(AutoRegression.FitAr)], [.. series.Select(AutoRegression.FitArima)]);
    }

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static ForecastBaselines Read(CheckpointSection section, int targets)
    {
        AutoRegression[] ar = [.. section.Sections("ar").Select(AutoRegression.Read)], arima = [.. section.Sections("arima").Select(AutoRegression.Read)];
        return ar.Length == targets && arima.Length == targets ? new ForecastBaselines(ar, arima) : throw section.Bad("ar", $"a list of {targets} models");
    }

    /// <summary>For a checkpoint.</summary>
    public JsonObject ToJson() => new()
    {
        ["ar"] = new JsonArray([.. ar.Select(static model => (JsonNode)model.ToJson())]),
        ["arima"] = new JsonArray([.. arima.Select(static model => (JsonNode)model.ToJson())]),
    };

    /// <summary>The model's scores with the baselines' beside them.</summary>
    public Scores Beside(Scores model, ForecastReport report, int season)
    {
        int targets = report.Plan.Targets.Length;
        var rows = new List<ScoreRow>();
        double persistence = 0, autoregression = 0, arimaError = 0;
        for (int k = 0; k < targets; k++)
        {
            double[] series = report.Filled(k);
            string of = targets > 1 ? $" {report.Plan.Targets[k].Column}" : "";
            double Last(int row) => series[row - 1];
            double[] errors = Add($"persistence{of}", (i, _) => Last(report.Rows[i]));
            persistence += errors[0] * errors[0] / targets;
            if (season > 1)
            {
                Add($"seasonal naive {season}{of}", (i, h) =>
                    report.Rows[i] + h - (season * ((h / season) + 1)) is >= 0 and int before ? series[before] : Last(report.Rows[i]));
            }

            autoregression += Square(ar[k]) / targets;
            arimaError += Square(arima[k]) / targets;

            double Square(AutoRegression regression)
            {
                double[][] forecasts = regression.Forecast(series, report.Plan.Horizon);
                double[] found = Add(regression.Name + of, (i, h) => forecasts[report.Rows[i]] is { Length: > 0 } row ? row[h] : Last(report.Rows[i]));
                return found[0] * found[0];
            }

            double[] Add(string name, Func<int, int, double> forecast)
            {
                double[] found = report.Errors(k, forecast);
                rows.Add(new ScoreRow(name, found));
                return found;
            }
        }

        rows.Insert(0, new ScoreRow("model", [.. model.All.Take(3).Select(static score => score.Value)]));
        double rmse = model.All[0].Value;
        return model with
        {
            All =
            [
                .. model.All, new("better_than_persistence", 1 - (rmse / Math.Sqrt(persistence)), "P1"), new("better_than_ar", 1 - (rmse / Math.Sqrt(autoregression)), "P1"),
                new("better_than_arima", 1 - (rmse / Math.Sqrt(arimaError)), "P1"),
            ],
            Tables = [new ScoreTable("baselines", ["forecast", "rmse", "mae", "mase"], rows)],
        };
    }
}
