using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.ClassifySeries;

/// <summary>
/// <c>classify-series</c>: what a series of measurements is of: a movement, a speaker. Reads the .ts files of the UEA and UCR archives and CSV with a line a
/// step; lengths may differ. A part of every class is kept for validation; small sets want <c>--folds</c>.
/// </summary>
public sealed class SeriesTask : LearningTask
{
    /// <summary>CSV column that names the series.</summary>
    public static readonly Setting<string> Id = Setting.Text("id", "seq_id", "CSV: column that names the series");

    /// <summary>CSV column of the class.</summary>
    public static readonly Setting<string> Label = Setting.Text("label", "label", "CSV: column of the class");

    /// <summary>CSV columns that are no features.</summary>
    public static readonly Setting<string> Skip = Setting.Text("skip", "t,group", "CSV: columns that are no measurements, between commas");

    /// <summary>Whether each step's change is a feature too.</summary>
    public static readonly Setting<bool> Changes = Setting.Flag("changes", false, "Whether the change since the step before is read beside each measurement: for movements");

    /// <inheritdoc/>
    public override string Name => "classify-series";

    /// <inheritdoc/>
    public override string Summary => "Tell the class of a series of measurements";

    /// <inheritdoc/>
    public override string DataFormat => ".ts file, or CSV with a line a step";

    /// <inheritdoc/>
    public override IReadOnlyList<Setting> OwnSettings { get; } = [Id, Label, Skip, Changes, .. EncoderSettings.All];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> Defaults { get; } =
        [TrainingSettings.Epochs.Is(60), TrainingSettings.Batch.Is(16), TrainingSettings.LearningRate.Is(5e-3)];

    /// <inheritdoc/>
    public override IReadOnlyList<SettingValue> DemoSettings { get; } =
        [EncoderSettings.Hidden.Is(16), EncoderSettings.Dropout.Is(0.1), TrainingSettings.Epochs.Is(8), TrainingSettings.LearningRate.Is(0.02)];

    /// <inheritdoc/>
    public override TaskData Read(IReadOnlyList<TextSource> sources, Settings settings)
    {
        var samples = new List<ClassSample<Series>>();
        foreach (TextSource source in sources)
        {
            int before = samples.Count;
            foreach (ClassSample<Series> sample in ReadFile(source, settings, classWanted: true))
            {
                if (samples.Count > 0 && samples[0].Input.Features != sample.Input.Features)
                {
                    throw new DataException($"{source.Name}: series of {sample.Input.Features} measurements a step, but {sources[0].Name} has {samples[0].Input.Features}");
                }

                samples.Add(sample);
            }

            if (samples.Count == before) { throw new DataException($"{source.Name}: there are no series"); }
        }

        return Data(samples);
    }

    /// <summary>Noisy circles, run through forwards or backwards or not at all, of unequal lengths.</summary>
    public override DataSplit Demo(Settings settings)
    {
        var random = new PhiloxStream(new RandomKey((ulong)settings.Get(TrainingSettings.Seed), 0, 0x5345_5249));
        string[] classes = ["left", "right", "still"];
        double[] turns = [1, -1, 0];
        var samples = new List<ClassSample<Series>>();
        for (int i = 0; i < 240; i++)
        {
            int steps = 12 + random.NextInt(20);
            double phase = 6.28 * random.NextFloat();
            var values = new double[2 * steps];
            for (int t = 0; t < steps; t++)
            {
                double angle = phase + (turns[i % 3] * 0.4 * t);
                values[2 * t] = Math.Cos(angle) + (0.2 * random.NextNormal());
                values[(2 * t) + 1] = Math.Sin(angle) + (0.2 * random.NextNormal());
            }

            var series = new Series(2, values);
            samples.Add(new ClassSample<Series>(classes[i % 3], settings.Get(Changes) ? series.WithChanges() : series));
        }

        return Data(samples).Stratified(0.2, seed: 0);
    }

    /// <inheritdoc/>
    public override DataSplit Split(TaskData data, double validation) => ((ClassData<Series>)data).Stratified(validation, seed: 0);

    /// <inheritdoc/>
    public override IReadOnlyList<int[]> Folds(TaskData data, int folds, ulong seed) => Frame.Folds.Stratified(((ClassData<Series>)data).ClassIds(), folds, seed);

    /// <inheritdoc/>
    public override JsonObject Describe(TaskData training, Settings settings)
    {
        IReadOnlyList<ClassSample<Series>> samples = ((ClassData<Series>)training).Samples;
        return new JsonObject
        {
            ["classes"] = LabelSet.Of(samples.Select(sample => sample.Label)).ToJson(),
            ["scaling"] = Scaling.Of(samples.SelectMany(sample => sample.Input.Rows()), samples[0].Input.Features).ToJson(),
        };
    }

    /// <inheritdoc/>
    public override TaskModel Create(Device device, Settings settings, CheckpointSection description) =>
        new SeriesModel(device, settings, LabelSet.Read(description, "classes"), Scaling.Read(description.Section("scaling")));

    /// <summary>The series of a file, whose form its first line tells.</summary>
    internal static IEnumerable<ClassSample<Series>> ReadFile(TextSource source, Settings settings, bool classWanted)
    {
        IEnumerator<TextLine> lines = TextLines.Read(source).GetEnumerator();
        if (!lines.MoveNext()) { throw new DataException($"{source.Name}: the file is empty"); }
        TextLine first = lines.Current;
        var table = new SeriesTable(settings.Get(Id), settings.Get(Label), settings.Get(Skip).Split(','));
        IEnumerable<ClassSample<Series>> samples =
            TsFile.Starts(first.Text) ? TsFile.Read(From(first, lines), classWanted) : table.Read(From(first, lines), classWanted);
        return settings.Get(Changes) ? samples.Select(static sample => sample with { Input = sample.Input.WithChanges() }) : samples;
    }

    /// <summary>A line that was looked at, and those behind it: standard input cannot be opened twice.</summary>
    private static IEnumerable<TextLine> From(TextLine first, IEnumerator<TextLine> rest)
    {
        using (rest)
        {
            yield return first;
            while (rest.MoveNext()) { yield return rest.Current; }
        }
    }

    private static ClassData<Series> Data(IReadOnlyList<ClassSample<Series>> samples) => new(samples, "series", "steps", static series => series.Steps);
}
