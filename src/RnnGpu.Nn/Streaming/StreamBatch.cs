using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Many concurrent streams through one model, one batched step at a time. Streams come and go in a fixed number of slots; each step names the
/// slots that have an input, and gives each the bits it would get alone. All others keep their states, bit for bit. After the first steps, a step on
/// the CPU allocates nothing.
/// <para>
/// The model runs in evaluation mode. Its parameters may change between steps: weights are packed again when they did. Not thread-safe, and alone on
/// its device while it runs; <see cref="StreamServer"/> takes calls of many threads.
/// </para>
/// </summary>
public sealed class StreamBatch : IDisposable
{
    /// <summary>Most slots.</summary>
    public const int MaxSlots = RnnPlanOptions.MaxBatch;

    private readonly Module _module;
    private readonly IStreamable _model;
    private readonly StreamStates _states;
    private readonly bool[] _open;
    private bool _disposed;

    /// <summary>Slots for streams, all free.</summary>
    /// <param name="model">An <see cref="IStreamable"/>; stays the caller's.</param>
    /// <param name="slots">1 to <see cref="MaxSlots"/>. What they hold is on the device from now on; idle ones cost a copy of their states a step.</param>
    /// <exception cref="ArgumentException">A model that is not <see cref="IStreamable"/>.</exception>
    /// <exception cref="InvalidOperationException">A model that cannot stream: says which layer does not let it.</exception>
    public StreamBatch(Module model, int slots)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(slots, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slots, MaxSlots);
        _model = model as IStreamable ?? throw new ArgumentException(
            $"a {model.GetType().Name} does not say how it runs step by step: implement IStreamable, or put its layers in a Sequential", nameof(model));
        _module = model;
        Format = _model.StreamFormat;
        _states = new StreamStates(model, slots);
        _open = new bool[slots];
    }

    /// <summary>What a stream feeds in and gets at every step.</summary>
    public StreamFormat Format { get; }

    /// <summary>Number of slots.</summary>
    public int Slots => _open.Length;

    /// <summary>Slots in use.</summary>
    public int Count { get; private set; }

    /// <summary>Numbers of one stream's state.</summary>
    public int StateSize => _states.StateSize;

    /// <summary>Opens a stream with a state of zeros.</summary>
    /// <returns>Its slot: the lowest that is free.</returns>
    /// <exception cref="InvalidOperationException">No slot is free.</exception>
    public int Acquire() => TryAcquire(out int slot)
        ? slot
        : throw new InvalidOperationException($"all {Slots} slots are in use: release one, or open the batch with more");

    /// <summary><see cref="Acquire"/>, where a full batch is no error.</summary>
    public bool TryAcquire(out int slot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        slot = Array.IndexOf(_open, false);
        if (slot < 0) { return false; }
        _states.Reset(slot);
        _open[slot] = true;
        Count++;
        return true;
    }

    /// <summary>Ends a stream; its slot is free for another.</summary>
    /// <exception cref="ArgumentException">No stream is open there.</exception>
    public void Release(int slot)
    {
        CheckOpen(slot);
        _open[slot] = false;
        Count--;
    }

    /// <summary>Starts a stream again from a state of zeros.</summary>
    /// <exception cref="ArgumentException">No stream is open there.</exception>
    public void Reset(int slot)
    {
        CheckOpen(slot);
        _states.Reset(slot);
    }

    /// <summary>One step of some streams with features.</summary>
    /// <param name="slots">Which ones, each at most once.</param>
    /// <param name="x"><c>[n, I]</c>: a row for each of them, in this order.</param>
    /// <param name="y"><c>[n, O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">Lengths that do not fit, a slot without a stream, a model that takes symbols; no state has changed.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode; no state has changed.</exception>
    public void Step(ReadOnlySpan<int> slots, ReadOnlySpan<float> x, Span<float> y)
    {
        CheckStep(slots, DType.F32, x.Length, y.Length);
        if (slots.IsEmpty) { return; }
        _states.Begin(slots);
        using NoGradScope scope = _module.Device.NoGrad();
        Run(_module.Device.Tensor(x, new Shape(slots.Length, Format.Inputs)), y);
    }

    /// <summary>One step of some streams with a symbol each.</summary>
    /// <param name="slots">Which ones, each at most once.</param>
    /// <param name="ids"><c>[n]</c>: a symbol for each of them, below <see cref="StreamFormat.Symbols"/>; negative ones stand for nothing.</param>
    /// <param name="y"><c>[n, O]</c>, overwritten.</param>
    /// <exception cref="ArgumentException">Lengths that do not fit, a slot without a stream, an unknown symbol, a model that takes features; no state has changed.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode; no state has changed.</exception>
    public void Step(ReadOnlySpan<int> slots, ReadOnlySpan<int> ids, Span<float> y)
    {
        CheckStep(slots, DType.I32, ids.Length, y.Length);
        if (slots.IsEmpty) { return; }
        CheckSymbols(Format, ids);
        _states.Begin(slots);
        using NoGradScope scope = _module.Device.NoGrad();
        Run(_module.Device.Tensor(ids, new Shape(slots.Length)), y);
    }

    /// <summary>
    /// Copies a stream's state out: for each recurrent layer of the model, in order of registration, for each of its layers h, then c (LSTM). It can go
    /// on from there in any batch of the same model.
    /// </summary>
    /// <param name="slot">Where the stream is open.</param>
    /// <param name="state"><see cref="StateSize"/> numbers, overwritten.</param>
    /// <exception cref="ArgumentException">No stream is open there, or another length.</exception>
    public void Export(int slot, Span<float> state)
    {
        CheckOpen(slot);
        CheckState(state.Length);
        _states.Export(slot, state);
    }

    /// <summary>Sets a stream's state to one that <see cref="Export"/> gave.</summary>
    /// <exception cref="ArgumentException">No stream is open there, or another length.</exception>
    public void Import(int slot, ReadOnlySpan<float> state)
    {
        CheckOpen(slot);
        CheckState(state.Length);
        _states.Import(slot, state);
    }

    /// <summary>Makes one stream's state that of another, on the device: several continuations of one beginning.</summary>
    /// <exception cref="ArgumentException">No stream is open in one of the slots.</exception>
    public void Copy(int from, int to)
    {
        CheckOpen(from);
        CheckOpen(to);
        if (from != to) { _states.Copy(from, to); }
    }

    /// <summary>Frees the states.</summary>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        _states.Dispose();
    }

    /// <summary>Refuses symbols that the model does not know.</summary>
    internal static void CheckSymbols(StreamFormat format, ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if (id >= format.Symbols) { throw new ArgumentException($"the symbol {id} is not below {format.Symbols}, the number of symbols that the model knows", nameof(ids)); }
        }
    }

    /// <summary>Refuses slots without a stream.</summary>
    internal void CheckOpen(int slot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if ((uint)slot >= (uint)_open.Length) { throw new ArgumentException($"there is no slot {slot}: slots are 0 to {_open.Length - 1}"); }
        if (!_open[slot]) { throw new ArgumentException($"no stream is open in slot {slot}: call Acquire first"); }
    }

    private void Run(Tensor input, Span<float> y)
    {
        Tensor output = _model.Step(input, _states);
        if (output.Length != y.Length)
        {
            throw new InvalidOperationException($"a step of {_module.GetType().Name} made {output.Shape} for {_states.Rows} streams, where its StreamFormat says {Format.Outputs} each");
        }

        output.CopyTo(y);
        _states.Commit();
    }

    private void CheckStep(ReadOnlySpan<int> slots, DType dtype, int inputs, int outputs)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (dtype != Format.Input)
        {
            throw new ArgumentException(Format.Input == DType.F32
                ? $"a step of {_module.GetType().Name} takes {Format.Inputs} features a stream, not symbols"
                : $"a step of {_module.GetType().Name} takes a symbol a stream, not features");
        }

        foreach (int slot in slots) { CheckOpen(slot); }
        if (inputs != (long)slots.Length * Format.Inputs)
        {
            throw new ArgumentException($"a step of {slots.Length} streams takes {slots.Length} x {Format.Inputs} inputs, not {inputs}");
        }

        if (outputs != (long)slots.Length * Format.Outputs)
        {
            throw new ArgumentException($"a step of {slots.Length} streams makes {slots.Length} x {Format.Outputs} outputs, not {outputs}");
        }

        if (_module.Training) { throw new InvalidOperationException("the model is in training mode, in which dropout is at work; call Eval() first"); }
    }

    private void CheckState(int length)
    {
        if (length != StateSize) { throw new ArgumentException($"a stream's state of this model has {StateSize} numbers, not {length}"); }
    }
}
