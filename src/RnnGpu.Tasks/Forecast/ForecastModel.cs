using System.Globalization;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>A forecasting network with its plan and the baselines that it is measured beside.</summary>
internal sealed class ForecastModel : TaskModel
{
    private const int RowsAtOnce = 256;

    private readonly Device _device;
    private readonly Settings _settings;
    private readonly ForecastPlan _plan;
    private readonly ForecastBaselines _baselines;
    private readonly ForecastNetwork _network;
    private readonly int _window;

    public ForecastModel(Device device, Settings settings, ForecastPlan plan, ForecastBaselines baselines)
    {
        (_device, _settings, _plan, _baselines) = (device, settings, plan, baselines);
        _window = settings.Get(ForecastSettings.Window);
        _network = new ForecastNetwork(device, settings, plan.Features, plan.Outputs);
    }

    public override Module Network => _network;

    /// <summary>Rows that a forecast can see, with those that its differences reach back to.</summary>
    internal int History => _window + _plan.FirstRow;

    public override TaskTraining Train(TaskData data, Settings settings)
    {
        var windows = new ForecastWindows(_plan, (SeriesData)data, _window);
        var lengths = new int[windows.Count];
        Array.Fill(lengths, windows.Steps);
        var source = new BucketedBatches<ForecastBatch>(
            lengths, settings.Get(TrainingSettings.Batch), windows.Fill, (ulong)settings.Get(TrainingSettings.Seed), window: 1);
        Loss loss = settings.Get(ForecastSettings.Loss) == "mae" ? new Mae() : new Mse();
        return new TaskTraining<ForecastBatch>(
            new Trainable<ForecastBatch>(_network, batch =>
            {
                int cells = windows.Steps * batch.Rows;
                var targets = new Shape(windows.Steps, batch.Rows, _plan.Outputs);
                Tensor y = _network.Forward(_device.Tensor(batch.Inputs.AsSpan(0, cells * _plan.Features), new Shape(windows.Steps, batch.Rows, _plan.Features)));
                return loss.Forward(
                    y, _device.Tensor(batch.Targets.AsSpan(0, cells * _plan.Outputs), targets), _device.Tensor(batch.Weights.AsSpan(0, cells * _plan.Outputs), targets));
            }),
            source, new ForecastBatch(), source.BatchesPerEpoch, "steps", batch => (long)batch.Rows * windows.Steps);
    }

    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        var part = (SeriesData)data;
        EncodedSeries series = _plan.Encode(part.Table);
        var report = new ForecastReport(_plan, series, Rows(part));
        Scores scores = report.Score(Forecasts(series, Rows(part), stop));
        if (!full) { return scores; }
        scores = _baselines.Beside(scores, report, _settings.Get(ForecastSettings.Season));
        return _settings.Get(ForecastSettings.FreeRun) is > 0 and double time
            ? new FreeRun(_plan, this).Measure(scores, series, part, time, stop)
            : scores;
    }

    public override IReadOnlyList<TaskPicture> Pictures(TaskData data)
    {
        const int Shown = 200;
        var part = (SeriesData)data;
        EncodedSeries series = _plan.Encode(part.Table);
        int[] rows = Rows(part)[^Math.Min(Shown, Rows(part).Length)..];
        double[][] forecasts = Forecasts(series, rows, default);
        var pictures = new List<TaskPicture>
        {
            new LinesPicture(
                "forecast", $"{_plan.Targets[0].Column}: forecast one step ahead against truth, from {part.Table.Label(rows[0])}", "step", _plan.Targets[0].Column,
                [new("truth", [.. rows.Select(row => series.Truths[0][row])]), new("forecast", [.. forecasts.Select(static forecast => forecast[0])])]),
        };
        if (_settings.Get(ForecastSettings.FreeRun) is > 0 and double time) { pictures.Add(new FreeRun(_plan, this).Picture(series, part, time)); }
        return pictures;
    }

    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        SeriesTable table = SeriesReader.Read(request.Inputs, allowMissing: _settings.Get(ForecastSettings.Missing) == "fill");
        EncodedSeries series = _plan.Encode(table);
        if (table.Rows < _plan.FirstRow) { throw new DataException($"{table.Source}: {table.Rows} rows are too few: a forecast needs {_plan.FirstRow}"); }
        int ahead = request.Settings.Get(ForecastTask.Ahead) is > 0 and int wanted ? wanted : _plan.Horizon;
        double[][] steps = ahead <= _plan.Horizon
            ? Steps(Forecasts(series, [table.Rows], stop)[0], ahead)
            : new FreeRun(_plan, this).Run(series, [table.Rows], ahead, stop)[0];
        for (int h = 0; h < steps.Length; h++)
        {
            var json = new JsonObject { ["ahead"] = h + 1 };
            for (int k = 0; k < _plan.Targets.Length; k++) { json[_plan.Targets[k].Column] = steps[h][k]; }
            answer(new Prediction(string.Join('\t', steps[h].Select(static value => value.ToString("G7", CultureInfo.InvariantCulture))), json));
        }
    }

    /// <summary>Forecasts of some rows from what stands before each: <c>[rows][H K]</c>, horizon by horizon, in the data's unit.</summary>
    internal double[][] Forecasts(EncodedSeries series, int[] rows, CancellationToken stop)
    {
        var forecasts = new double[rows.Length][];
        int features = _plan.Features, outputs = _plan.Outputs;
        for (int from = 0; from < rows.Length; from += RowsAtOnce)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(RowsAtOnce, rows.Length - from);
            int[] lengths = [.. rows.AsSpan(from, count)];
            for (int b = 0; b < count; b++) { lengths[b] = Math.Min(lengths[b], _window); }
            int steps = lengths.Max();
            float[] inputs = new float[steps * count * features], last = new float[count * features];
            for (int b = 0; b < count; b++)
            {
                int first = rows[from + b] - lengths[b];
                for (int t = 0; t < lengths[b]; t++)
                {
                    series.Features.AsSpan((first + t) * features, features).CopyTo(inputs.AsSpan(((t * count) + b) * features));
                }

                series.Features.AsSpan((rows[from + b] - 1) * features, features).CopyTo(last.AsSpan(b * features));
            }

            using NoGradScope scope = _device.NoGrad();
            float[] y = _network.Last(
                _device.Tensor(inputs, new Shape(steps, count, features)), _device.Tensor(last, new Shape(count, features)),
                _device.Tensor(lengths, new Shape(count))).ToArray();
            for (int b = 0; b < count; b++)
            {
                double[] forecast = forecasts[from + b] = new double[outputs];
                for (int i = 0; i < outputs; i++)
                {
                    int k = i % _plan.Targets.Length;
                    forecast[i] = _plan.Forecast(y[(b * outputs) + i], series.Values[k], k, rows[from + b], i / _plan.Targets.Length);
                }
            }
        }

        return forecasts;
    }

    private double[][] Steps(double[] forecast, int ahead) => [.. forecast.Chunk(_plan.Targets.Length).Take(ahead)];

    /// <summary>Rows with something before them to forecast from.</summary>
    private int[] Rows(SeriesData part)
    {
        int[] rows = [.. part.Rows.Where(row => row >= _plan.FirstRow)];
        return rows.Length > 0 ? rows : throw new DataException($"{part.Table.Source}: {part.Count} steps are too few: a forecast needs {_plan.FirstRow} before it");
    }
}
