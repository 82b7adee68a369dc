using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Classification;

/// <summary>A sample with a class: its name, and what it is told from.</summary>
/// <typeparam name="TInput">Words, numbers, letters.</typeparam>
/// <param name="Label">Name of its class.</param>
/// <param name="Input">What it is told from.</param>
public readonly record struct ClassSample<TInput>(string Label, TInput Input);

/// <summary>Samples with a class each.</summary>
/// <param name="samples">In the order of the files.</param>
/// <param name="unit">What a sample is called, in the plural: <c>reviews</c>.</param>
/// <param name="steps">What steps are called: <c>words</c>.</param>
/// <param name="length">Steps of an input.</param>
public sealed class ClassData<TInput>(IReadOnlyList<ClassSample<TInput>> samples, string unit, string steps, Func<TInput, int> length) : TaskData
{
    /// <summary>In the order of the files.</summary>
    public IReadOnlyList<ClassSample<TInput>> Samples { get; } = samples;

    /// <inheritdoc/>
    public override int Count => Samples.Count;

    /// <inheritdoc/>
    public override string Summary
    {
        get
        {
            var counts = Samples.GroupBy(sample => sample.Label, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => $"{group.Key} {group.Count():N0}").ToArray();
            return $"{Count:N0} {unit}, {Samples.Sum(sample => (long)length(sample.Input)):N0} {steps}, {counts.Length} classes: "
                + $"{string.Join(", ", counts.Take(12))}{(counts.Length > 12 ? ", ..." : "")}";
        }
    }

    /// <summary>Steps of a sample's input.</summary>
    public int Length(int sample) => length(Samples[sample].Input);

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) =>
        new ClassData<TInput>([.. indices.Select(i => Samples[i])], unit, steps, length);

    /// <summary>Cuts off a part of every class, so that rare ones are on both sides; equal seeds, equal cuts.</summary>
    /// <param name="part">Part to cut off, between 0 and 1.</param>
    /// <param name="seed">Of the choice.</param>
    public DataSplit Stratified(double part, ulong seed)
    {
        int folds = Math.Max(2, (int)Math.Round(1 / part));
        if (Count < 2 * folds) { throw new Nn.Data.DataException($"{Count} samples are too few to keep {part:P0} of each class for validation; give more data, or --valid"); }
        int[] held = Folds.Stratified(ClassIds(), folds, seed)[0];
        return new DataSplit(Subset(Folds.Others(Count, held)), Subset(held));
    }

    /// <summary>Class of each sample as a number, in the order of names.</summary>
    public int[] ClassIds()
    {
        string[] names = [.. Samples.Select(sample => sample.Label).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return [.. Samples.Select(sample => Array.BinarySearch(names, sample.Label, StringComparer.Ordinal))];
    }
}
