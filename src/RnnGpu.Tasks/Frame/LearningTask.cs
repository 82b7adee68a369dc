using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Frame;

/// <summary>Settings that go together, chosen by <c>--preset</c>.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">One line.</param>
/// <param name="Values">What differs from the task's defaults.</param>
public sealed record TaskPreset(string Name, string Summary, IReadOnlyList<SettingValue> Values);

/// <summary>
/// A task that people come with: reads their files, builds a model for them, measures it by the field's metric. The program makes its
/// verbs (<c>train</c>, <c>eval</c>, <c>predict</c>) from what is declared here. See docs/tasks.md for how to write one.
/// </summary>
public abstract class LearningTask
{
    /// <summary>One word, as on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>One line: what it learns.</summary>
    public abstract string Summary { get; }

    /// <summary>One line: what a data file looks like.</summary>
    public abstract string DataFormat { get; }

    /// <summary>The task's own settings: of model and reading.</summary>
    public abstract IReadOnlyList<Setting> OwnSettings { get; }

    /// <summary>The task's values for <see cref="TrainingSettings"/>.</summary>
    public virtual IReadOnlyList<SettingValue> Defaults => [];

    /// <summary>Choices of settings; the first, if any, is taken where none is named.</summary>
    public virtual IReadOnlyList<TaskPreset> Presets => [];

    /// <summary>Settings of prediction: how many, how bold.</summary>
    public virtual IReadOnlyList<Setting> PredictSettings => [];

    /// <summary>Whether predictions need an input; false for tasks that generate.</summary>
    public virtual bool PredictsFromInput => true;

    /// <summary>Own settings and those of training, with the task's defaults.</summary>
    public Settings DefaultSettings() => new Settings([.. OwnSettings, .. TrainingSettings.All]).With(Defaults);

    /// <summary>Reads data with known answers.</summary>
    /// <param name="sources">Files, in the order given.</param>
    /// <param name="settings">Of the run.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column, and what to do.</exception>
    public abstract TaskData Read(IReadOnlyList<TextSource> sources, Settings settings);

    /// <summary>Made-up data of the same kind, from the seed in the settings: small enough to be learned in seconds.</summary>
    public abstract DataSplit Demo(Settings settings);

    /// <summary>Settings with which <see cref="Demo"/> is learned.</summary>
    public virtual IReadOnlyList<SettingValue> DemoSettings => [];

    /// <summary>Cuts data where no file is named for validation: by default the last part, as a block.</summary>
    /// <param name="data">All of it.</param>
    /// <param name="validation">Part for validation, between 0 and 1.</param>
    /// <exception cref="DataException">Too few samples.</exception>
    public virtual DataSplit Split(TaskData data, double validation)
    {
        int held = (int)Math.Round(data.Count * validation);
        return held >= 1 && held < data.Count
            ? new DataSplit(data.Subset([.. Enumerable.Range(0, data.Count - held)]), data.Subset([.. Enumerable.Range(data.Count - held, held)]))
            : throw new DataException($"{data.Count} samples are too few to keep {validation:P0} for validation; give more data, or --valid");
    }

    /// <summary>Cuts data in folds for cross-validation: by default by a shuffle from the seed.</summary>
    /// <param name="data">All of it.</param>
    /// <param name="folds">How many, at least 2.</param>
    /// <param name="seed">Of the shuffle.</param>
    /// <returns>The indices of each fold.</returns>
    /// <exception cref="DataException">Fewer samples than folds.</exception>
    public virtual IReadOnlyList<int[]> Folds(TaskData data, int folds, ulong seed) => Frame.Folds.Shuffled(data.Count, folds, seed);

    /// <summary>What a model must know of its training data to be built again: vocabularies, labels, scaling.</summary>
    public abstract JsonObject Describe(TaskData training, Settings settings);

    /// <summary>Builds the model, new or to be filled from a checkpoint. Must read nothing but its arguments.</summary>
    /// <param name="device">Where it lives; its seed decides the first values.</param>
    /// <param name="settings">Of the run.</param>
    /// <param name="description">What <see cref="Describe"/> returned, maybe from a file that lies: check it.</param>
    /// <exception cref="CheckpointException">The description is malformed.</exception>
    public abstract TaskModel Create(Device device, Settings settings, CheckpointSection description);
}
