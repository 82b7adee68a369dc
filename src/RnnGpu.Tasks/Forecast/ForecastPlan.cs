using System.Text.Json.Nodes;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>A column to forecast, with what the training rows say of it.</summary>
/// <param name="Column">Its name.</param>
/// <param name="Mean">Of the transformed values.</param>
/// <param name="Deviation">Of the values, in the data's unit: errors are compared with it.</param>
/// <param name="NaiveScale">For MASE.</param>
/// <param name="Scales">Deviation of what is learned, one for each step ahead.</param>
internal sealed record ForecastTarget(string Column, double Mean, double Deviation, double NaiveScale, double[] Scales);

/// <summary>A table as the network needs it.</summary>
/// <param name="Features"><c>[rows, F]</c>.</param>
/// <param name="Values">Of each target, transformed, missing ones carried forward.</param>
/// <param name="Truths">Of each target, in the data's unit, NaN where missing.</param>
internal sealed record EncodedSeries(float[] Features, double[][] Values, double[][] Truths);

/// <summary>
/// How tables become numbers for the network and its numbers forecasts: everything is fitted on training rows only. What is learned of
/// the value h steps ahead is its difference to a value that is known when the forecast is made (<see cref="Base"/>), over that
/// difference's deviation.
/// </summary>
internal sealed class ForecastPlan
{
    private readonly string _transform;
    private readonly int _difference;

    private ForecastPlan(Settings settings, ForecastInput[] inputs, ForecastTarget[] targets)
    {
        (Inputs, Targets, Horizon) = (inputs, targets, settings.Get(ForecastSettings.Horizon));
        (_transform, _difference) = (settings.Get(ForecastSettings.Transform), settings.Get(ForecastSettings.Difference));
        Features = inputs.Sum(static input => input.Width) + (_difference > 0 ? targets.Length : 0);
    }

    /// <summary>What is read.</summary>
    public ForecastInput[] Inputs { get; }

    /// <summary>What is forecast.</summary>
    public ForecastTarget[] Targets { get; }

    /// <summary>H.</summary>
    public int Horizon { get; }

    /// <summary>F: numbers that a row becomes.</summary>
    public int Features { get; }

    /// <summary>H K: numbers that a forecast is.</summary>
    public int Outputs => Horizon * Targets.Length;

    /// <summary>The first row that has a value to be compared with.</summary>
    public int FirstRow => Math.Max(1, _difference);

    /// <summary>Fits on the training rows.</summary>
    /// <exception cref="DataException">Columns that are not there or do not do; too few rows.</exception>
    public static ForecastPlan Fit(SeriesData data, Settings settings)
    {
        SeriesTable table = data.Table;
        string[] targets = ForecastSettings.List(settings.Get(ForecastSettings.Target));
        string[] numbers = [.. table.Columns.Where(static column => column.Values is not null).Select(static column => column.Name)];
        if (targets.Length == 0)
        {
            targets = numbers.Length == 1 ? numbers : throw new DataException(
                $"{table.Source}: there are {numbers.Length} columns of numbers ({string.Join(", ", numbers)}): say with --target which to forecast");
        }

        string[] inputs = ForecastSettings.List(settings.Get(ForecastSettings.Inputs));
        if (inputs is ["all"]) { inputs = numbers; }
        foreach (string target in targets)
        {
            if (ForecastInput.Required(table, target).Values is null) { throw new DataException($"{table.Source}: column '{target}' holds words and cannot be forecast"); }
        }

        int[] rows = [.. data.Rows];
        var plan = new ForecastPlan(
            settings, [.. targets.Concat(inputs).Distinct().Select(item => ForecastInput.Fit(item, table, rows))],
            [.. targets.Select(target => new ForecastTarget(target, 0, 1, 1, []))]);
        int least = plan.FirstRow + plan.Horizon + 8;
        if (rows.Length < least) { throw new DataException($"{table.Source}: {rows.Length} steps are too few to learn from: these settings need {least}"); }
        EncodedSeries series = plan.Encode(table);
        for (int k = 0; k < targets.Length; k++) { plan.FitTarget(k, series, rows, settings.Get(ForecastSettings.Season)); }
        return plan;
    }

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">Malformed.</exception>
    public static ForecastPlan Read(Settings settings, CheckpointSection section)
    {
        ForecastTarget[] targets = [.. section.Sections("targets").Select(target => new ForecastTarget(
            target.String("column"), target.Double("mean"), target.Double("deviation"), target.Double("naive_scale"), target.Doubles("scales")))];
        ForecastInput[] inputs = [.. section.Sections("inputs").Select(ForecastInput.Read)];
        int horizon = settings.Get(ForecastSettings.Horizon);
        if (targets.Length is 0 or > 1000 || !Array.TrueForAll(targets, target => target.Scales.Length == horizon && Array.TrueForAll(target.Scales, static scale => scale > 0)))
        {
            throw section.Bad("targets", $"a list of targets with {horizon} scales above 0 each");
        }

        return inputs.Length is > 0 and <= 10_000 ? new ForecastPlan(settings, inputs, targets) : throw section.Bad("inputs", "a list of inputs");
    }

    /// <summary>For a checkpoint.</summary>
    public JsonObject ToJson() => new()
    {
        ["inputs"] = new JsonArray([.. Inputs.Select(static input => (JsonNode)input.ToJson())]),
        ["targets"] = new JsonArray([.. Targets.Select(static target => (JsonNode)new JsonObject
        {
            ["column"] = target.Column,
            ["mean"] = CheckpointSection.Number(target.Mean),
            ["deviation"] = CheckpointSection.Number(target.Deviation),
            ["naive_scale"] = CheckpointSection.Number(target.NaiveScale),
            ["scales"] = new JsonArray([.. target.Scales.Select(static scale => CheckpointSection.Number(scale))]),
        })]),
    };

    /// <summary>A table's numbers.</summary>
    /// <exception cref="DataException">Columns are missing or of another kind; values that the transform does not take.</exception>
    public EncodedSeries Encode(SeriesTable table)
    {
        var features = new float[table.Rows * Features];
        int at = 0;
        foreach (ForecastInput input in Inputs)
        {
            input.Write(table, features, Features, at);
            at += input.Width;
        }

        double[][] truths = [.. Targets.Select(target => ForecastInput.Required(table, target.Column).Values
            ?? throw new DataException($"{table.Source}: column '{target.Column}' holds words, unlike the training data"))];
        double[][] values = [.. truths.Select((column, k) => Transformed(ForecastInput.Filled(column), k, table))];
        for (int k = 0; _difference > 0 && k < values.Length; k++)
        {
            for (int row = _difference; row < table.Rows && Targets[k].Scales.Length > 0; row++)
            {
                features[(row * Features) + at + k] = (float)((values[k][row] - values[k][row - _difference]) / Targets[k].Scales[0]);
            }
        }

        return new EncodedSeries(features, values, truths);
    }

    /// <summary>What is learned of target k at row + ahead, when all before the row is known.</summary>
    public double Learned(EncodedSeries series, int k, int row, int ahead) =>
        (series.Values[k][row + ahead] - Base(series.Values[k], k, row, ahead)) / Targets[k].Scales[ahead];

    /// <summary>The forecast of target k at row + ahead, in the data's unit, from what the network says.</summary>
    public double Forecast(double output, double[] values, int k, int row, int ahead)
    {
        double value = Base(values, k, row, ahead) + (output * Targets[k].Scales[ahead]);
        return _transform switch
        {
            "sqrt" => Math.Max(value, 0) * Math.Max(value, 0),
            "log" => Math.Exp(value) - 1,
            _ => value,
        };
    }

    /// <summary>The value to compare with: the last known one that lies a number of seasons before row + ahead; the mean without differencing.</summary>
    private double Base(double[] values, int k, int row, int ahead) =>
        _difference == 0 ? Targets[k].Mean : values[row + ahead - (_difference * ((ahead / _difference) + 1))];

    private void FitTarget(int k, EncodedSeries series, int[] rows, int season)
    {
        double[] truth = series.Truths[k], values = series.Values[k];
        (_, double deviation) = ForecastInput.Moments(rows.Select(row => truth[row]));
        (double mean, _) = ForecastInput.Moments(rows.Select(row => double.IsNaN(truth[row]) ? double.NaN : values[row]));
        double naive = ForecastErrors.NaiveScale([.. rows.Select(row => truth[row])], season);
        Targets[k] = Targets[k] with { Mean = mean, Deviation = deviation, NaiveScale = naive > 0 ? naive : 1 };
        var inside = new HashSet<int>(rows);
        double[] scales = new double[Horizon];
        for (int h = 0; h < Horizon; h++)
        {
            double sum = 0;
            int count = 0;
            foreach (int row in rows)
            {
                if (row < FirstRow || !inside.Contains(row + h) || double.IsNaN(truth[row + h])) { continue; }
                double difference = values[row + h] - Base(values, k, row, h);
                sum += difference * difference;
                count++;
            }

            scales[h] = sum > 0 ? Math.Sqrt(sum / count) : 1;
        }

        Targets[k] = Targets[k] with { Scales = scales };
    }

    private double[] Transformed(double[] values, int k, SeriesTable table)
    {
        if (_transform == "none") { return values; }
        int bad = Array.FindIndex(values, value => _transform == "sqrt" ? value < 0 : value <= -1);
        return bad < 0
            ? Array.ConvertAll(values, value => _transform == "sqrt" ? Math.Sqrt(value) : Math.Log(1 + value))
            : throw new DataException($"{table.Places[bad]}: --transform {_transform} does not take {values[bad]} in column '{Targets[k].Column}'");
    }
}
