using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A <see cref="StreamBatch"/> for many threads: each calls <see cref="Step(int, ReadOnlySpan{float}, Span{float})"/> for its own stream and waits for its
/// output. While a step runs, requests gather; the next step takes all of them at once. No thread stands in between: the caller that finds
/// nobody running runs the step, so a lone caller waits for nobody. The more callers there are, the more rows a step has and the less each costs; bits
/// do not depend on who came together.
/// </summary>
public sealed class StreamServer : IDisposable
{
    private readonly StreamBatch _batch;
    private readonly Lock _device = new();
    private readonly Lock _queue = new();
    private readonly Request[] _requests;
    private readonly int[] _waiting, _slots, _ids;
    private readonly float[] _inputs, _outputs, _x, _y;
    private int _waitingCount;
    private bool _disposed;

    /// <summary>A server of at most so many streams at a time.</summary>
    /// <param name="model">An <see cref="IStreamable"/> in evaluation mode, alone on its device; stays the caller's.</param>
    /// <param name="slots">1 to <see cref="StreamBatch.MaxSlots"/>.</param>
    /// <exception cref="ArgumentException">A model that is not <see cref="IStreamable"/>.</exception>
    /// <exception cref="InvalidOperationException">A model that cannot stream: says which layer does not let it.</exception>
    public StreamServer(Module model, int slots)
    {
        _batch = new StreamBatch(model, slots);
        _requests = new Request[slots];
        (_waiting, _slots) = (new int[slots], new int[slots]);
        _ids = Format.Input == DType.I32 ? new int[2 * slots] : [];
        int inputs = Format.Input == DType.F32 ? checked(slots * Format.Inputs) : 0, outputs = checked(slots * Format.Outputs);
        (_inputs, _x) = (new float[inputs], new float[inputs]);
        (_outputs, _y) = (new float[outputs], new float[outputs]);
    }

    /// <summary>What a stream feeds in and gets at every step.</summary>
    public StreamFormat Format => _batch.Format;

    /// <summary>Numbers of one stream's state.</summary>
    public int StateSize => _batch.StateSize;

    /// <summary>Batched steps so far. <see cref="Requests"/> to one step is how well requests gather.</summary>
    public long Steps { get; private set; }

    /// <summary>Steps of single streams so far.</summary>
    public long Requests { get; private set; }

    /// <summary>Requests that wait for the next step.</summary>
    public int Waiting
    {
        get { lock (_queue) { return _waitingCount; } }
    }

    /// <summary>Opens a stream with a state of zeros.</summary>
    /// <exception cref="InvalidOperationException">All slots are in use.</exception>
    public int Open()
    {
        lock (_device) { return _batch.Acquire(); }
    }

    /// <summary>Ends a stream.</summary>
    /// <exception cref="ArgumentException">No such stream is open.</exception>
    /// <exception cref="InvalidOperationException">Another thread's step of it is under way.</exception>
    public void Close(int stream)
    {
        lock (_device)
        {
            _batch.CheckOpen(stream);
            lock (_queue) { CheckIdle(stream); }
            _batch.Release(stream);
        }
    }

    /// <summary>Starts a stream again from a state of zeros.</summary>
    /// <exception cref="ArgumentException">No such stream is open.</exception>
    public void Reset(int stream)
    {
        lock (_device) { _batch.Reset(stream); }
    }

    /// <inheritdoc cref="StreamBatch.Export"/>
    public void Export(int stream, Span<float> state)
    {
        lock (_device) { _batch.Export(stream, state); }
    }

    /// <inheritdoc cref="StreamBatch.Import"/>
    public void Import(int stream, ReadOnlySpan<float> state)
    {
        lock (_device) { _batch.Import(stream, state); }
    }

    /// <summary>One step of a stream with features; returns when it is done.</summary>
    /// <param name="stream">From <see cref="Open"/>; one thread at a time.</param>
    /// <param name="x"><c>[I]</c>.</param>
    /// <param name="y"><c>[O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">Lengths that do not fit, no such stream, or a model that takes symbols.</exception>
    /// <exception cref="InvalidOperationException">Another thread's step of this stream is under way, or the step failed: no stream of it has moved on.</exception>
    public void Step(int stream, ReadOnlySpan<float> x, Span<float> y)
    {
        Check(stream, DType.F32, x.Length, y.Length);
        lock (_queue)
        {
            Enter(stream);
            x.CopyTo(_inputs.AsSpan(stream * Format.Inputs));
        }

        Finish(stream, y);
    }

    /// <summary>One step of a stream with a symbol; returns when it is done.</summary>
    /// <param name="stream">From <see cref="Open"/>; one thread at a time.</param>
    /// <param name="id">Below <see cref="StreamFormat.Symbols"/>; a negative one stands for nothing.</param>
    /// <param name="y"><c>[O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">A length that does not fit, no such stream, an unknown symbol, or a model that takes features.</exception>
    /// <exception cref="InvalidOperationException">Another thread's step of this stream is under way, or the step failed: no stream of it has moved on.</exception>
    public void Step(int stream, int id, Span<float> y)
    {
        Check(stream, DType.I32, 1, y.Length);
        StreamBatch.CheckSymbols(Format, new ReadOnlySpan<int>(in id));
        lock (_queue)
        {
            Enter(stream);
            _ids[stream] = id;
        }

        Finish(stream, y);
    }

    /// <summary>Frees the states. Steps under way end first; later ones throw.</summary>
    public void Dispose()
    {
        lock (_device)
        {
            _disposed = true;
            _batch.Dispose();
        }
    }

    /// <summary>Puts a request in the queue; under its lock.</summary>
    private void Enter(int stream)
    {
        CheckIdle(stream);
        _requests[stream] = new Request { Busy = true, Waiting = true };
        _waiting[_waitingCount++] = stream;
    }

    /// <summary>Runs the step, unless the one whose turn came before took this request along, and takes the result.</summary>
    private void Finish(int stream, Span<float> y)
    {
        Exception? failure;
        lock (_device)
        {
            if (_requests[stream].Waiting) { RunWaiting(); }
            failure = _requests[stream].Failure;
        }

        if (failure is null) { _outputs.AsSpan(stream * Format.Outputs, Format.Outputs).CopyTo(y); }
        lock (_queue) { _requests[stream] = default; }
        if (failure is not null) { throw new InvalidOperationException($"the step of stream {stream} failed: {failure.Message}", failure); }
    }

    /// <summary>One batched step of all requests that wait; under the device's lock.</summary>
    private void RunWaiting()
    {
        int count;
        lock (_queue)
        {
            count = _waitingCount;
            _waiting.AsSpan(0, count).CopyTo(_slots);
            _waitingCount = 0;
        }

        // Ascending slots: all of them together are the whole batch as it lies.
        ReadOnlySpan<int> slots = _slots.AsSpan(0, count);
        _slots.AsSpan(0, count).Sort();
        int inputs = Format.Inputs, outputs = Format.Outputs;
        Exception? failure = null;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Span<float> y = _y.AsSpan(0, count * outputs);
            if (Format.Input == DType.I32)
            {
                Span<int> ids = _ids.AsSpan(_requests.Length, count);
                for (int row = 0; row < count; row++) { ids[row] = _ids[slots[row]]; }
                _batch.Step(slots, ids, y);
            }
            else
            {
                for (int row = 0; row < count; row++) { _inputs.AsSpan(slots[row] * inputs, inputs).CopyTo(_x.AsSpan(row * inputs)); }
                _batch.Step(slots, _x.AsSpan(0, count * inputs), y);
            }

            for (int row = 0; row < count; row++) { y.Slice(row * outputs, outputs).CopyTo(_outputs.AsSpan(slots[row] * outputs)); }
        }
        catch (Exception e)
        {
            // Everybody whose request was in the step must know, not only the one that ran it.
            failure = e;
        }

        Steps++;
        Requests += count;
        foreach (int slot in slots) { (_requests[slot].Waiting, _requests[slot].Failure) = (false, failure); }
    }

    private void Check(int stream, DType dtype, int inputs, int outputs)
    {
        if (dtype != Format.Input)
        {
            throw new ArgumentException(Format.Input == DType.F32 ? $"the model takes {Format.Inputs} features a step, not a symbol" : "the model takes a symbol a step, not features");
        }

        if (inputs != Format.Inputs) { throw new ArgumentException($"a step takes {Format.Inputs} inputs, not {inputs}"); }
        if (outputs != Format.Outputs) { throw new ArgumentException($"a step makes {Format.Outputs} outputs, not {outputs}"); }
        _batch.CheckOpen(stream);
    }

    private void CheckIdle(int stream)
    {
        if (_requests[stream].Busy) { throw new InvalidOperationException($"stream {stream} is taking a step for another thread: a stream is one thread's at a time"); }
    }

    /// <summary>A stream's step.</summary>
    private struct Request
    {
        /// <summary>From the call to its return; under the queue's lock.</summary>
        public bool Busy;

        /// <summary>Not yet run; set before the queue's lock is left, cleared under the device's.</summary>
        public bool Waiting;

        /// <summary>What went wrong.</summary>
        public Exception? Failure;
    }
}
