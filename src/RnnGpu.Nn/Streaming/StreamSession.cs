namespace RnnGpu.Nn;

/// <summary>
/// One stream through a model: an input a step, the state stays inside.
/// <code>
/// using var session = new StreamSession(model);
/// session.Step(x, y);                                  // x: I floats, y: O floats
/// </code>
/// To T steps belong the bits of a pass over T steps. After the first steps, a step on the CPU allocates nothing. Several streams at once are cheaper in
/// a <see cref="StreamBatch"/>; its rules hold here too.
/// </summary>
public sealed class StreamSession : IDisposable
{
    private readonly StreamBatch _batch;

    /// <summary>A stream with a state of zeros.</summary>
    /// <param name="model">An <see cref="IStreamable"/> in evaluation mode; stays the caller's.</param>
    /// <exception cref="ArgumentException">A model that is not <see cref="IStreamable"/>.</exception>
    /// <exception cref="InvalidOperationException">A model that cannot stream: says which layer does not let it.</exception>
    public StreamSession(Module model)
    {
        _batch = new StreamBatch(model, slots: 1);
        _batch.Acquire();
    }

    /// <summary>What goes in and comes out at every step.</summary>
    public StreamFormat Format => _batch.Format;

    /// <summary>Numbers of the state.</summary>
    public int StateSize => _batch.StateSize;

    /// <summary>One step with features.</summary>
    /// <param name="x"><c>[I]</c>.</param>
    /// <param name="y"><c>[O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">Lengths that do not fit, or a model that takes symbols; the state has not changed.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode; the state has not changed.</exception>
    public void Step(ReadOnlySpan<float> x, Span<float> y) => _batch.Step([0], x, y);

    /// <summary>One step with a symbol.</summary>
    /// <param name="id">Below <see cref="StreamFormat.Symbols"/>; a negative one stands for nothing.</param>
    /// <param name="y"><c>[O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">A length that does not fit, an unknown symbol, a model that takes features; the state has not changed.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode; the state has not changed.</exception>
    public void Step(int id, Span<float> y) => _batch.Step([0], new ReadOnlySpan<int>(in id), y);

    /// <summary>Back to a state of zeros.</summary>
    public void Reset() => _batch.Reset(0);

    /// <inheritdoc cref="StreamBatch.Export"/>
    public void Export(Span<float> state) => _batch.Export(0, state);

    /// <inheritdoc cref="StreamBatch.Import"/>
    public void Import(ReadOnlySpan<float> state) => _batch.Import(0, state);

    /// <summary>Frees the state.</summary>
    public void Dispose() => _batch.Dispose();
}
