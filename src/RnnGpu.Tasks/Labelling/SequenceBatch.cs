using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.Labelling;

/// <summary>A sequence as a network sees it.</summary>
/// <param name="Features">Rows of ids, one an input of the network, each of the sequence's length.</param>
/// <param name="Tags">Tag ids, as many; empty where they are not known.</param>
/// <param name="Label">Id of the sequence's label, or -1.</param>
public sealed record LabelledSequence(int[][] Features, int[] Tags, int Label = -1)
{
    /// <summary>Steps.</summary>
    public int Length => Features[0].Length;
}

/// <summary>
/// Sequences side by side, time-major and padded, in arrays that are filled again and again. Steps are rounded up to a multiple of
/// four, so that batches of like length share memory and plans; lengths keep the padding out of everything.
/// </summary>
/// <param name="padding">Id behind a sequence's end, one a feature.</param>
public sealed class SequenceBatch(params int[] padding)
{
    private readonly int[][] _features = [.. padding.Select(_ => Array.Empty<int>())];
    private int[] _tags = [], _lengths = [], _labels = [];

    /// <summary>T.</summary>
    public int Steps { get; private set; }

    /// <summary>B.</summary>
    public int Rows { get; private set; }

    /// <summary>Steps of all rows without padding.</summary>
    public long Units { get; private set; }

    /// <summary>Steps of each row, <c>[B]</c>.</summary>
    public Span<int> Lengths => _lengths.AsSpan(0, Rows);

    /// <summary>Labels, <c>[B]</c>.</summary>
    public Span<int> Labels => _labels.AsSpan(0, Rows);

    /// <summary>Tags, <c>[T, B]</c>, 0 behind a row's end.</summary>
    public Span<int> Tags => _tags.AsSpan(0, Steps * Rows);

    /// <summary>Ids of a feature, <c>[T, B]</c>.</summary>
    public Span<int> Feature(int index) => _features[index].AsSpan(0, Steps * Rows);

    /// <summary>Copies sequences into the rows.</summary>
    /// <param name="sequences">Sequences to choose from.</param>
    /// <param name="rows">Which, in order.</param>
    public void Fill(IReadOnlyList<LabelledSequence> sequences, ReadOnlySpan<int> rows)
    {
        int longest = 1;
        foreach (int row in rows) { longest = Math.Max(longest, sequences[row].Length); }
        Rows = rows.Length;
        Steps = (longest + 3) / 4 * 4;
        Units = 0;
        Reserve(Steps * Rows);
        for (int i = 0; i < _features.Length; i++) { Feature(i).Fill(padding[i]); }
        Tags.Clear();
        for (int b = 0; b < rows.Length; b++)
        {
            LabelledSequence sequence = sequences[rows[b]];
            for (int i = 0; i < _features.Length; i++) { Copy(sequence.Features[i], _features[i], b); }
            Copy(sequence.Tags, _tags, b);
            _lengths[b] = sequence.Length;
            _labels[b] = sequence.Label;
            Units += sequence.Length;
        }
    }

    /// <summary>A feature on a device, <c>[T, B]</c>.</summary>
    public Tensor Feature(Device device, int index) => device.Tensor(Feature(index), new Shape(Steps, Rows));

    /// <summary>The tags on a device, <c>[T, B]</c>.</summary>
    public Tensor TagsOn(Device device) => device.Tensor(Tags, new Shape(Steps, Rows));

    /// <summary>The lengths on a device, <c>[B]</c>.</summary>
    public Tensor LengthsOn(Device device) => device.Tensor(Lengths, new Shape(Rows));

    /// <summary>The labels on a device, <c>[B]</c>.</summary>
    public Tensor LabelsOn(Device device) => device.Tensor(Labels, new Shape(Rows));

    private void Copy(int[] from, int[] to, int row)
    {
        for (int t = 0; t < from.Length; t++) { to[(t * Rows) + row] = from[t]; }
    }

    private void Reserve(int places)
    {
        if (_lengths.Length < Rows) { (_lengths, _labels) = (new int[Rows], new int[Rows]); }
        if (_tags.Length >= places) { return; }
        _tags = new int[places];
        for (int i = 0; i < _features.Length; i++) { _features[i] = new int[places]; }
    }
}
