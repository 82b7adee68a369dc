using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// Forecasts that go on from themselves. How long they hold is told in Lyapunov times: until the distance from the truth, over the
/// data's root mean squared distance from their mean, passes <see cref="Threshold"/> (the usual measure for chaotic systems, Vlachas et al. 2020).
/// </summary>
internal sealed class FreeRun(ForecastPlan plan, ForecastModel model)
{
    private const double Threshold = 0.4;
    private const int Starts = 20, Times = 10;

    /// <summary>Adds how long free runs from places spread over the data hold.</summary>
    /// <param name="scores">To be added to.</param>
    /// <param name="series">The data.</param>
    /// <param name="part">Where the runs begin.</param>
    /// <param name="time">Steps of a Lyapunov time.</param>
    /// <param name="stop">Ends it early.</param>
    public Scores Measure(Scores scores, EncodedSeries series, SeriesData part, double time, CancellationToken stop)
    {
        (int[] starts, int steps) = Places(part, time, Starts);
        double[][][] runs = Run(series, starts, steps, stop);
        double[] valid = [.. runs.Select((run, i) => Valid(run, series, starts[i]) / time).Order()];
        return scores with
        {
            All =
            [
                .. scores.All, new("free_run_median", (valid[(valid.Length - 1) / 2] + valid[valid.Length / 2]) / 2, "F2"), new("free_run_mean", valid.Average(), "F2"),
                new("free_run_least", valid[0], "F2"),
            ],
        };
    }

    /// <summary>A free run beside the truth.</summary>
    public TaskPicture Picture(EncodedSeries series, SeriesData part, double time)
    {
        (int[] starts, int steps) = Places(part, time, 1);
        double[][] run = Run(series, starts, steps, default)[0];
        return new LinesPicture(
            "free-run", $"{plan.Targets[0].Column}: a free run against truth; {time:G4} steps are a Lyapunov time", "step", plan.Targets[0].Column,
            [new("truth", [.. Enumerable.Range(starts[0], steps).Select(row => series.Truths[0][row])]), new("free run", [.. run.Select(static step => step[0])])]);
    }

    /// <summary>Runs from some rows on, side by side: <c>[starts][steps][K]</c>, in the data's unit.</summary>
    /// <exception cref="DataException">The model reads columns that it does not forecast.</exception>
    public double[][][] Run(EncodedSeries series, int[] starts, int steps, CancellationToken stop)
    {
        if (plan.Inputs.FirstOrDefault(input => !input.IsPlain || !Array.Exists(plan.Targets, target => target.Column == input.Column)) is { } other)
        {
            throw new DataException($"this model reads '{other.Column}', which it does not forecast: it forecasts {plan.Horizon} steps ahead and cannot run on from there");
        }

        double[][][] runs = [.. starts.Select(_ => new double[steps][])];
        double[][][] tables = [.. starts.Select(start => plan.Targets.Select((_, k) => Extended(series.Truths[k], start, steps)).ToArray())];
        for (int done = 0; done < steps; done += plan.Horizon)
        {
            for (int i = 0; i < starts.Length; i++)
            {
                int rows = tables[i][0].Length - steps + done;
                double[][] known = [.. tables[i].Select(column => column[..rows])];
                EncodedSeries encoded = plan.Encode(Table(known));
                double[] forecast = model.Forecasts(encoded, [rows], stop)[0];
                for (int h = 0; h < plan.Horizon && done + h < steps; h++)
                {
                    runs[i][done + h] = forecast[(h * plan.Targets.Length)..((h + 1) * plan.Targets.Length)];
                    for (int k = 0; k < plan.Targets.Length; k++) { tables[i][k][rows + h] = runs[i][done + h][k]; }
                }
            }
        }

        return runs;
    }

    private SeriesTable Table(double[][] columns) => new(
        "free run", [.. plan.Targets.Select((target, k) => new SeriesColumn(target.Column, columns[k], null))], new string[columns[0].Length]);

    /// <summary>The history that a forecast can need, and room for the run.</summary>
    private double[] Extended(double[] values, int start, int steps)
    {
        int first = Math.Max(0, start - model.History);
        return [.. ForecastInput.Filled(values[..start])[first..], .. new double[steps]];
    }

    private (int[] Starts, int Steps) Places(SeriesData part, double time, int most)
    {
        int first = Math.Max(part.Rows[0], plan.FirstRow), last = part.Rows[^1], steps = (int)Math.Min(Math.Ceiling(Times * time), (last - first + 1) / 2);
        if (steps < 1) { throw new DataException($"{part.Table.Source}: too few steps for a free run"); }
        int room = last + 1 - steps - first, count = Math.Clamp(room, 1, most);
        return ([.. Enumerable.Range(0, count).Select(i => first + (int)((long)room * i / count))], steps);
    }

    private int Valid(double[][] run, EncodedSeries series, int start)
    {
        double spread = plan.Targets.Sum(static target => target.Deviation * target.Deviation);
        for (int t = 0; t < run.Length; t++)
        {
            double distance = 0;
            for (int k = 0; k < run[t].Length; k++)
            {
                double error = run[t][k] - series.Truths[k][start + t];
                distance += error * error;
            }

            if (!(Math.Sqrt(distance / spread) <= Threshold)) { return t; }
        }

        return run.Length;
    }
}
