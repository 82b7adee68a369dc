namespace RnnGpu.Nn;

/// <summary>Loss and metrics over a set of samples; metrics in the order they were compiled in.</summary>
/// <param name="Loss">Mean over the elements that count; with <see cref="Reduction.Sum"/> the sum.</param>
/// <param name="Metrics">Values.</param>
public sealed record Evaluation(double Loss, IReadOnlyList<double> Metrics);

/// <summary>An epoch of <see cref="Sequential.Fit"/>.</summary>
/// <param name="Training">Over its batches, each with the weights of its moment and dropout at work.</param>
/// <param name="Validation">At its end, over the validation samples; null without any.</param>
/// <param name="LearningRate">Of its last step.</param>
public sealed record EpochFigures(Evaluation Training, Evaluation? Validation, double LearningRate);

/// <summary>What <see cref="Sequential.Fit"/> saw, epoch by epoch.</summary>
public sealed class FitHistory
{
    private readonly List<EpochFigures> _epochs = [];

    internal FitHistory(IReadOnlyList<string> metrics) => MetricNames = metrics;

    /// <summary>Names of the metrics, in the order of <see cref="Evaluation.Metrics"/>.</summary>
    public IReadOnlyList<string> MetricNames { get; }

    /// <summary>Epochs that are complete.</summary>
    public IReadOnlyList<EpochFigures> Epochs => _epochs;

    /// <summary>Why it is over.</summary>
    public TrainingEnd End { get; internal set; }

    /// <summary>A metric of every epoch, by its name; <c>loss</c> is one, and a prefix <c>val_</c> takes validation's.</summary>
    /// <exception cref="ArgumentException">No such metric.</exception>
    public double[] this[string name]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(name);
            bool validation = name.StartsWith("val_", StringComparison.Ordinal);
            string metric = validation ? name[4..] : name;
            int index = -1;
            for (int i = 0; i < MetricNames.Count; i++)
            {
                if (MetricNames[i] == metric) { index = i; }
            }

            if (index < 0 && metric != "loss")
            {
                throw new ArgumentException($"there is no metric '{metric}'; there are loss, {string.Join(", ", MetricNames)}", nameof(name));
            }

            var values = new double[_epochs.Count];
            for (int i = 0; i < values.Length; i++)
            {
                Evaluation? figures = validation ? _epochs[i].Validation : _epochs[i].Training;
                values[i] = figures is null ? double.NaN : index < 0 ? figures.Loss : figures.Metrics[index];
            }

            return values;
        }
    }

    internal void Add(EpochFigures epoch) => _epochs.Add(epoch);

    internal void SetValidation(Evaluation validation)
    {
        if (_epochs.Count > 0) { _epochs[^1] = _epochs[^1] with { Validation = validation }; }
    }
}
