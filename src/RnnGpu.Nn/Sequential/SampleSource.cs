using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;

namespace RnnGpu.Nn;

/// <summary>
/// Batches of samples, each sample once an epoch; the last batch of an epoch may be smaller. The order of an epoch depends on seed
/// and epoch only.
/// </summary>
internal sealed class SampleSource : IBatchSource<SampleBatch>
{
    // The site of shuffling among the seed's streams; the seed is the caller's, apart from the device's.
    private const uint Site = 0x5348_5546;

    private readonly int[] _order;
    private readonly int _batch;
    private readonly ulong? _seed;
    private long _epoch;
    private int _next;

    public SampleSource(int count, int batch, ulong? shuffleSeed)
    {
        _order = new int[count];
        _batch = batch;
        _seed = shuffleSeed;
        Shuffle();
    }

    /// <inheritdoc/>
    public bool EpochEnded { get; private set; }

    /// <inheritdoc/>
    public void Next(SampleBatch batch)
    {
        int count = Math.Min(_batch, _order.Length - _next);
        batch.Fill(_order.AsSpan(_next, count));
        _next += count;
        EpochEnded = _next == _order.Length;
        if (!EpochEnded) { return; }
        _epoch++;
        _next = 0;
        Shuffle();
    }

    /// <inheritdoc/>
    public void Save(JsonObject cursor)
    {
        cursor["epoch"] = _epoch;
        cursor["next"] = _next;
        cursor["samples"] = _order.Length;
    }

    /// <inheritdoc/>
    public void Restore(CheckpointSection cursor)
    {
        int next = cursor.Int32("next");
        if (cursor.Int32("samples") != _order.Length) { throw cursor.Bad("samples", $"{_order.Length}, the number of samples here"); }
        if (next < 0 || next >= _order.Length) { throw cursor.Bad("next", "the index of a sample"); }
        _epoch = TrainingProgress.Count(cursor, "epoch");
        _next = next;
        Shuffle();
    }

    private void Shuffle()
    {
        for (int i = 0; i < _order.Length; i++) { _order[i] = i; }
        if (_seed is { } seed) { Shuffling.Shuffle(_order, new RandomKey(seed, (ulong)_epoch, Site)); }
    }
}
