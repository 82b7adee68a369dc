using System.Runtime.InteropServices;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;

namespace RnnGpu.Cuda.Streams;

/// <summary>
/// Loops captured as CUDA graphs: the first time a key is seen its launches go out one by one, the second time they are captured, from then
/// on one driver call replays them all. The key must hold everything that the launches depend on: sizes, options and addresses.
/// What changes from replay to replay must stand in device memory. The least recently used graph goes when there are too many; the queue disposes the rest.
/// <code>
/// if (_graphs.Replay(queue, key)) { return; }
/// using GraphRecording&lt;Key&gt; recording = _graphs.Record(queue, key);
/// for (int t = 0; t &lt; steps; t++) { queue.Launch(...); }
/// recording.Finish();
/// </code>
/// </summary>
internal sealed class GraphCache<TKey>(int capacity = 64) : IDisposable
    where TKey : struct, IEquatable<TKey>
{
    private readonly Dictionary<TKey, Entry> _entries = [];
    private long _clock;
    private bool _owned;

    /// <summary>Graphs held.</summary>
    public int Count
    {
        get
        {
            int graphs = 0;
            foreach (KeyValuePair<TKey, Entry> entry in _entries)
            {
                if (entry.Value.Graph is not null) { graphs++; }
            }

            return graphs;
        }
    }

    /// <summary>Replays the loop of a key.</summary>
    /// <returns>False if it has to be queued launch by launch, within <see cref="Record"/>.</returns>
    public bool Replay(CudaQueue queue, in TKey key)
    {
        // Inside another capture the launches become part of that.
        if (queue.IsCapturing || !_entries.TryGetValue(key, out Entry entry) || entry.Graph is null) { return false; }
        using CudaContext.Scope scope = queue.Context.Enter();
        queue.Context.Driver.LaunchGraph(entry.Graph.Value, queue.Stream);
        Touch(key);
        return true;
    }

    /// <summary>Starts queueing the launches of a key's loop, captured if the key was seen before.</summary>
    public GraphRecording<TKey> Record(CudaQueue queue, in TKey key)
    {
        if (queue.IsCapturing || !queue.CapturesLoops) { return default; }
        if (!_owned)
        {
            queue.Own(this);
            _owned = true;
        }

        if (!_entries.ContainsKey(key))
        {
            MakeRoom();
            _entries.Add(key, new Entry(null, ++_clock));
            return default;
        }

        queue.BeginCapture();
        return new GraphRecording<TKey>(this, queue, key);
    }

    public void Dispose()
    {
        foreach (KeyValuePair<TKey, Entry> entry in _entries) { entry.Value.Graph?.Dispose(); }
        _entries.Clear();
    }

    internal void Keep(CudaQueue queue, in TKey key)
    {
        GraphExecHandle graph = queue.EndCapture();
        _entries[key] = new Entry(graph, ++_clock);
        using CudaContext.Scope scope = queue.Context.Enter();
        queue.Context.Driver.LaunchGraph(graph.Value, queue.Stream);
    }

    private void Touch(in TKey key) => CollectionsMarshal.GetValueRefOrNullRef(_entries, key).LastUse = ++_clock;

    private void MakeRoom()
    {
        if (_entries.Count < capacity) { return; }
        TKey oldest = default;
        long use = long.MaxValue;
        foreach (KeyValuePair<TKey, Entry> entry in _entries)
        {
            if (entry.Value.LastUse >= use) { continue; }
            use = entry.Value.LastUse;
            oldest = entry.Key;
        }

        _ = _entries.Remove(oldest, out Entry removed);
        removed.Graph?.Dispose();
    }

    private record struct Entry(GraphExecHandle? Graph, long LastUse);
}

/// <summary>A loop being queued. Disposed without <see cref="Finish"/>, it drops what it captured.</summary>
internal ref struct GraphRecording<TKey>(GraphCache<TKey> cache, CudaQueue queue, TKey key)
    where TKey : struct, IEquatable<TKey>
{
    private readonly GraphCache<TKey>? _cache = cache;
    private bool _finished;

    /// <summary>Ends the loop: if it was captured, makes it a graph, keeps that and runs it.</summary>
    /// <exception cref="CudaException">The driver can't capture it.</exception>
    public void Finish()
    {
        if (_cache is null) { return; }
        _finished = true;
        _cache.Keep(queue, key);
    }

    /// <inheritdoc cref="GraphRecording{TKey}"/>
    public readonly void Dispose()
    {
        if (_cache is not null && !_finished) { queue.AbandonCapture(); }
    }
}
