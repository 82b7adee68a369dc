using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// The states of all recurrent layers of a model for a fixed number of streams, each in a slot of its own, and which of them take the step under
/// way. A model's <see cref="IStreamable.Step"/> hands it on to its recurrent layers; <see cref="StreamBatch"/> makes and drives it.
/// <para>
/// A step writes new states beside the present ones, which take their place only when all of the step has succeeded: a step that throws leaves every
/// stream as it was. Slots that do not take part keep their states bit for bit.
/// </para>
/// </summary>
public sealed class StreamStates : IDisposable
{
    private readonly Device _device;
    private readonly List<LayerStream> _layers = [];
    private readonly int[] _tables;
    private readonly int[] _slots;
    private readonly RowRange[] _ranges;
    private readonly Tensor _positions, _taking, _selected;
    private int _rangeCount;

    internal StreamStates(Module model, int slots)
    {
        _device = model.Device;
        Slots = slots;
        _slots = new int[slots];
        _ranges = new RowRange[slots];
        _tables = new int[3 * slots];
        var shape = new Shape(slots);
        try
        {
            Collect(model);
            _positions = _device.NewOwned(shape, DType.I32);
            _taking = _device.NewOwned(shape, DType.I32);
            _selected = _device.NewOwned(shape, DType.I32);
        }
        catch
        {
            Dispose();
            throw;
        }

        foreach (LayerStream layer in _layers)
        {
            for (int i = 0; i < layer.Count; i++) { StateSize += layer.State(i).Shape[1]; }
        }
    }

    /// <summary>Number of slots.</summary>
    public int Slots { get; }

    /// <summary>n: streams that take the step under way.</summary>
    public int Rows { get; private set; }

    /// <summary>Numbers of one stream's state.</summary>
    internal int StateSize { get; }

    /// <summary>Whether the streams of the step are those of all slots, in order.</summary>
    internal bool IsWhole { get; private set; }

    /// <summary><c>[slots]</c>: each slot's row in the step, -1 for slots that do not take part.</summary>
    internal TensorView Positions => _positions.View;

    /// <inheritdoc cref="Positions"/>
    internal Tensor PositionTensor => _positions;

    /// <summary><c>[slots]</c>: 1 for slots that take the step, else 0.</summary>
    internal TensorView Taking => _taking.View;

    /// <inheritdoc cref="Taking"/>
    internal Tensor TakingTensor => _taking;

    /// <summary><c>[n]</c>: the slot of each row.</summary>
    internal TensorView Selected => _selected.View.Slice(0, new Shape(Rows));

    /// <inheritdoc cref="Selected"/>
    internal Tensor SelectedTensor => _selected.Slice(0, 0, Rows);

    /// <summary>Ranges of slots that hold all that take the step; none: all slots.</summary>
    internal ReadOnlySpan<RowRange> Ranges => _ranges.AsSpan(0, _rangeCount);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (LayerStream layer in _layers) { layer.Dispose(); }
        if (_positions.IsAlive) { _positions.Release(); }
        if (_taking.IsAlive) { _taking.Release(); }
        if (_selected.IsAlive) { _selected.Release(); }
    }

    /// <summary>The states of a layer, which takes part in the step now.</summary>
    /// <exception cref="ArgumentException">Not a layer of the model.</exception>
    /// <exception cref="InvalidOperationException">It took part already.</exception>
    internal LayerStream Enter(Module layer)
    {
        foreach (LayerStream stream in _layers)
        {
            if (!ReferenceEquals(stream.Layer, layer)) { continue; }
            if (stream.Stepped) { throw new InvalidOperationException($"this {layer.GetType().Name} took the step already: a layer runs once a step"); }
            stream.Stepped = true;
            return stream;
        }

        throw new ArgumentException($"these states are not of a model with this {layer.GetType().Name}: a model registers its layers with AddModule");
    }

    /// <summary>Starts a step.</summary>
    /// <param name="slots">The slots that take it, in the order of the input's rows; each at most once.</param>
    internal void Begin(ReadOnlySpan<int> slots)
    {
        if (!slots.SequenceEqual(_slots.AsSpan(0, Rows))) { Select(slots); }
        foreach (LayerStream layer in _layers) { layer.Stepped = false; }
    }

    /// <summary>Ends a step that succeeded.</summary>
    internal void Commit()
    {
        foreach (LayerStream layer in _layers)
        {
            if (layer.Stepped) { layer.Advance(); }
        }
    }

    /// <summary>A slot's states back to zeros.</summary>
    internal void Reset(int slot)
    {
        foreach (LayerStream layer in _layers)
        {
            for (int i = 0; i < layer.Count; i++) { _device.Backend.Fill(0f, Row(layer, i, slot)); }
        }
    }

    /// <summary>A slot's states to the host.</summary>
    internal void Export(int slot, Span<float> destination)
    {
        foreach (LayerStream layer in _layers)
        {
            for (int i = 0; i < layer.Count; i++)
            {
                TensorView row = Row(layer, i, slot);
                _device.Backend.Download(row, destination[..(int)row.Length]);
                destination = destination[(int)row.Length..];
            }
        }
    }

    /// <summary>A slot's states from the host.</summary>
    internal void Import(int slot, ReadOnlySpan<float> source)
    {
        foreach (LayerStream layer in _layers)
        {
            for (int i = 0; i < layer.Count; i++)
            {
                TensorView row = Row(layer, i, slot);
                _device.Backend.Upload(source[..(int)row.Length], row);
                source = source[(int)row.Length..];
            }
        }
    }

    /// <summary>One slot's states to another's.</summary>
    internal void Copy(int from, int to)
    {
        foreach (LayerStream layer in _layers)
        {
            for (int i = 0; i < layer.Count; i++) { _device.Backend.Copy(Row(layer, i, from), Row(layer, i, to)); }
        }
    }

    private static TensorView Row(LayerStream layer, int state, int slot)
    {
        TensorView all = layer.State(state);
        int size = all.Shape[1];
        return all.Slice((long)slot * size, new Shape(size));
    }

    private void Collect(Module module)
    {
        if (_layers.Exists(layer => ReferenceEquals(layer.Layer, module))) { return; }
        switch (module)
        {
            case Recurrent recurrent:
                _layers.Add(new RecurrentStream(recurrent, recurrent.StepPlan(Slots)));
                break;
            case CellStack stack:
                _layers.Add(stack.Directions == 1 ? new CellStackStream(stack, Slots) : throw CellStack.CannotStream());
                break;
            default:
                foreach ((_, Module part) in module.Modules) { Collect(part); }
                break;
        }
    }

    /// <summary>Takes over the slots of a step and brings the tables of it to the device.</summary>
    private void Select(ReadOnlySpan<int> slots)
    {
        // Until all is checked no step's slots are known, so that the next step looks again.
        (Rows, IsWhole, _rangeCount) = (0, slots.Length == Slots, 0);
        Span<int> positions = _tables.AsSpan(0, Slots), taking = _tables.AsSpan(Slots, Slots), selected = _tables.AsSpan(2 * Slots, Slots);
        positions.Fill(-1);
        taking.Clear();
        selected.Clear();
        for (int row = 0; row < slots.Length; row++)
        {
            int slot = slots[row];
            if (positions[slot] >= 0) { throw new ArgumentException($"slot {slot} is in the step twice: a stream takes one step at a time", nameof(slots)); }
            positions[slot] = row;
            taking[slot] = 1;
            selected[row] = slot;
            IsWhole &= slot == row;
        }

        slots.CopyTo(_slots);
        if (!IsWhole)
        {
            FindRanges(taking);
            _device.Backend.Upload<int>(positions, _positions.View);
            _device.Backend.Upload<int>(taking, _taking.View);
            _device.Backend.Upload<int>(selected, _selected.View);
        }

        Rows = slots.Length;
    }

    private void FindRanges(ReadOnlySpan<int> taking)
    {
        int gap = _device.Backend.RowsWorthACall;
        for (int slot = 0; slot < taking.Length; slot++)
        {
            if (taking[slot] == 0) { continue; }
            RowRange last = _rangeCount > 0 ? _ranges[_rangeCount - 1] : default;
            if (_rangeCount > 0 && slot - last.First - last.Count <= gap) { _ranges[_rangeCount - 1] = last with { Count = slot + 1 - last.First }; }
            else { _ranges[_rangeCount++] = new RowRange(slot, 1); }
        }
    }
}
