using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn.Data;

/// <summary>Copies some samples into a batch's arrays, overwriting them.</summary>
/// <param name="batch">The batch.</param>
/// <param name="samples">Indices of the samples, one a row.</param>
public delegate void FillBatch<in TBatch>(TBatch batch, ReadOnlySpan<int> samples);

/// <summary>
/// Batches of sequences of like length, each sequence once an epoch: little padding, and still another mixture every epoch. The
/// samples are shuffled, each run of <c>window</c> batches is sorted by length, and the batches are shuffled again. The order depends on seed and
/// epoch only. One batch of an epoch may be smaller.
/// </summary>
/// <typeparam name="TBatch">A batch on the host.</typeparam>
public sealed class BucketedBatches<TBatch> : IBatchSource<TBatch>
{
    private const uint SampleSite = 0x4255_4331, BatchSite = 0x4255_4332;

    private readonly int[] _lengths;
    private readonly int[] _order;
    private readonly int[] _starts;
    private readonly int _batchSize;
    private readonly int _window;
    private readonly ulong _seed;
    private readonly FillBatch<TBatch> _fill;
    private readonly Comparison<int> _byLength;
    private long _epoch;
    private int _next;

    /// <summary>Over samples of known lengths.</summary>
    /// <param name="lengths">Of the samples, in steps.</param>
    /// <param name="batchSize">Samples of a batch.</param>
    /// <param name="fill">Copies samples into a batch.</param>
    /// <param name="seed">Of the order.</param>
    /// <param name="window">Batches that are sorted together; 1 mixes lengths freely.</param>
    /// <exception cref="ArgumentException">There are no samples, or a size is out of range.</exception>
    public BucketedBatches(int[] lengths, int batchSize, FillBatch<TBatch> fill, ulong seed, int window = 50)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentNullException.ThrowIfNull(fill);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (lengths.Length == 0) { throw new ArgumentException("there are no samples", nameof(lengths)); }
        _lengths = lengths;
        _order = new int[lengths.Length];
        _starts = new int[(lengths.Length + batchSize - 1) / batchSize];
        (_batchSize, _fill, _seed) = (batchSize, fill, seed);
        _window = (int)Math.Min((long)window * batchSize, int.MaxValue);

        // Ties in order of the samples, so that the order does not hang on how the sort treats equals.
        _byLength = (a, b) => _lengths[a] != _lengths[b] ? _lengths[a].CompareTo(_lengths[b]) : a.CompareTo(b);
        Arrange();
    }

    /// <summary>Batches of an epoch.</summary>
    public int BatchesPerEpoch => _starts.Length;

    /// <inheritdoc/>
    public bool EpochEnded { get; private set; }

    /// <inheritdoc/>
    public void Next(TBatch batch)
    {
        int start = _starts[_next];
        _fill(batch, _order.AsSpan(start, Math.Min(_batchSize, _order.Length - start)));
        EpochEnded = ++_next == _starts.Length;
        if (!EpochEnded) { return; }
        _epoch++;
        _next = 0;
        Arrange();
    }

    /// <inheritdoc/>
    public void Save(JsonObject cursor)
    {
        cursor["epoch"] = _epoch;
        cursor["next"] = _next;
        cursor["samples"] = _order.Length;
        cursor["batch"] = _batchSize;
    }

    /// <inheritdoc/>
    public void Restore(CheckpointSection cursor)
    {
        int next = cursor.Int32("next");
        if (cursor.Int32("samples") != _order.Length) { throw cursor.Bad("samples", $"{_order.Length}, the number of samples here"); }
        if (cursor.Int32("batch") != _batchSize) { throw cursor.Bad("batch", $"{_batchSize}, the batch size here"); }
        if (next < 0 || next >= _starts.Length) { throw cursor.Bad("next", "the index of a batch"); }
        _epoch = TrainingProgress.Count(cursor, "epoch");
        _next = next;
        Arrange();
    }

    private void Arrange()
    {
        for (int i = 0; i < _order.Length; i++) { _order[i] = i; }
        Shuffling.Shuffle(_order, new RandomKey(_seed, (ulong)_epoch, SampleSite));
        for (int start = 0; start < _order.Length; start += _window)
        {
            _order.AsSpan(start, Math.Min(_window, _order.Length - start)).Sort(_byLength);
            if (_order.Length - start <= _window) { break; }
        }

        for (int i = 0; i < _starts.Length; i++) { _starts[i] = i * _batchSize; }
        Shuffling.Shuffle(_starts, new RandomKey(_seed, (ulong)_epoch, BatchSite));
    }
}

/// <summary>Batches of sequences for evaluation: every sample once, the shortest first, nothing random.</summary>
public static class LengthOrder
{
    /// <summary>Indices of the samples, a batch at a time.</summary>
    /// <param name="lengths">Of the samples, in steps.</param>
    /// <param name="batchSize">Samples of a batch; the last may be smaller.</param>
    public static IEnumerable<int[]> Batches(IReadOnlyList<int> lengths, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        return Enumerable.Range(0, lengths.Count).OrderBy(i => lengths[i]).Chunk(batchSize);
    }
}
