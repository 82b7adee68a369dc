namespace RnnGpu.Tasks.Forecast;

/// <summary>Windows of a series, <c>[T, B, ..]</c>: what is read, what is to be forecast after every step, and whether that counts.</summary>
internal sealed class ForecastBatch
{
    /// <summary>B.</summary>
    public int Rows { get; set; }

    /// <summary><c>[T, B, F]</c>.</summary>
    public float[] Inputs { get; set; } = [];

    /// <summary><c>[T, B, H K]</c>.</summary>
    public float[] Targets { get; set; } = [];

    /// <summary><c>[T, B, H K]</c>: 1 where the target is known and belongs to the training part, else 0.</summary>
    public float[] Weights { get; set; } = [];
}

/// <summary>The windows of the training rows.</summary>
internal sealed class ForecastWindows
{
    private readonly ForecastPlan _plan;
    private readonly EncodedSeries _series;
    private readonly bool[] _inside;
    private readonly int[] _starts;

    /// <summary>Windows of <paramref name="steps"/> rows at most, each a quarter of that after the one before.</summary>
    public ForecastWindows(ForecastPlan plan, SeriesData data, int steps)
    {
        _plan = plan;
        _series = plan.Encode(data.Table);
        _inside = new bool[data.Table.Rows];
        foreach (int row in data.Rows) { _inside[row] = true; }
        int first = Math.Max(0, data.Rows[0] - 1), last = data.Rows[^1] - plan.Horizon;
        Steps = Math.Min(steps, last - first + 1);
        int count = ((last - first + 1 - Steps) / Math.Max(1, Steps / 4)) + 1;
        _starts = [.. Enumerable.Range(0, count).Select(i => last + 1 - Steps - (i * Math.Max(1, Steps / 4)))];
    }

    /// <summary>T.</summary>
    public int Steps { get; }

    /// <summary>Number of windows.</summary>
    public int Count => _starts.Length;

    /// <summary>Overwrites a batch with windows.</summary>
    public void Fill(ForecastBatch batch, ReadOnlySpan<int> windows)
    {
        int features = _plan.Features, outputs = _plan.Outputs, rows = windows.Length;
        batch.Rows = rows;
        if (batch.Inputs.Length < Steps * rows * features)
        {
            (batch.Inputs, batch.Targets, batch.Weights) = (new float[Steps * rows * features], new float[Steps * rows * outputs], new float[Steps * rows * outputs]);
        }

        for (int t = 0; t < Steps; t++)
        {
            for (int b = 0; b < rows; b++)
            {
                int row = _starts[windows[b]] + t, cell = (t * rows) + b;
                _series.Features.AsSpan(row * features, features).CopyTo(batch.Inputs.AsSpan(cell * features));
                FillTargets(batch, cell * outputs, row + 1);
            }
        }
    }

    private void FillTargets(ForecastBatch batch, int at, int row)
    {
        for (int h = 0; h < _plan.Horizon; h++)
        {
            for (int k = 0; k < _plan.Targets.Length; k++, at++)
            {
                bool counts = row >= _plan.FirstRow && _inside[row + h] && !double.IsNaN(_series.Truths[k][row + h]);
                batch.Targets[at] = counts ? (float)_plan.Learned(_series, k, row, h) : 0f;
                batch.Weights[at] = counts ? 1f : 0f;
            }
        }
    }
}
