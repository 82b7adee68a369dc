namespace RnnGpu.Tasks.Frame;

/// <summary>The samples of a task: read, checked, not yet in the form of tensors (vocabularies come from the training part only).</summary>
public abstract class TaskData
{
    /// <summary>Number of samples: what an epoch passes over, and what is split.</summary>
    public abstract int Count { get; }

    /// <summary>What there is, in a line: <c>25,000 reviews, 5.8 M words, 2 classes</c>.</summary>
    public abstract string Summary { get; }

    /// <summary>Some of the samples, in the order of the indices. Samples may be shared with this.</summary>
    public abstract TaskData Subset(IReadOnlyList<int> indices);
}

/// <summary>Data for training and data for validation.</summary>
/// <param name="Training">Learned from; vocabularies and scaling are fitted on it.</param>
/// <param name="Validation">Measured on.</param>
public sealed record DataSplit(TaskData Training, TaskData Validation);
