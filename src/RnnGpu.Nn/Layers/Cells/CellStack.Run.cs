using RnnGpu.Core;

namespace RnnGpu.Nn;

public partial class CellStack
{
    /// <summary>From zero states: the outputs, or the final one, as <see cref="ReturnSequences"/> says.</summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <returns><c>[T, B, D*S]</c>, or <c>[B, D*S]</c> of the top layer.</returns>
    public override Tensor Forward(Tensor input)
    {
        CellOutput output = Run(input, outputs: ReturnSequences);
        return ReturnSequences ? output.Output : Last(output.States[0]);
    }

    /// <summary>
    /// A pass over a sequence. Gradients flow to the input, the parameters and the initial states, from the outputs and the final
    /// states. Lengths and resets mean what they mean to <see cref="Recurrent"/>: behind its length a row's state passes through and
    /// its output is 0. They are read back from the device once.
    /// </summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <param name="states">Initial states, each <c>[L*D, B, S]</c>; default: zeros.</param>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T, any order: steps of each row; default: all T.</param>
    /// <param name="resets">Integers <c>[T, B]</c>: where not 0, the row's states are cleared before that step; default: never.</param>
    /// <param name="outputs">Whether the outputs of all steps are wanted.</param>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit, lengths out of range.</exception>
    public CellOutput Run(Tensor input, CellStates states = default, Tensor lengths = default, Tensor resets = default, bool outputs = true)
    {
        TensorSlot slot = input.Float(_name);
        CheckInput(slot.Shape);
        int steps = slot.Shape[0], batch = slot.Shape[1];
        CheckStates(states, batch);
        if (!lengths.IsEmpty) { CheckTable(lengths.Int(_name, nameof(lengths)), new Shape(batch), nameof(lengths)); }
        if (!resets.IsEmpty) { CheckTable(resets.Int(_name, nameof(resets)), new Shape(steps, batch), nameof(resets)); }
        _selection.Set(lengths, resets, steps, batch);

        Tensor x = input;
        if (!_selection.Inputs.IsEmpty) { x = input.Reshape(new Shape(steps * batch, slot.Shape[2])).Gather(_selection.Inputs); }
        var finals = default(CellStates);
        for (int layer = 0; layer < Layers; layer++)
        {
            if (layer > 0) { x = _dropout.Forward(x); }
            bool wanted = outputs || layer < Layers - 1;
            int index = layer * Directions;
            Tensor y = RunDirection(index, x, states, wanted, ref finals);
            if (Directions == 2)
            {
                Tensor reverse = RunDirection(index + 1, x, states, wanted, ref finals);
                if (wanted) { y = Tensor.Concat(-1, y, reverse); }
            }

            x = y;
        }

        return new CellOutput(x, finals);
    }

    /// <summary>
    /// One window of truncated back-propagation through time: starts from the state's values and leaves the final ones in it.
    /// No gradient flows between windows.
    /// </summary>
    /// <inheritdoc cref="Run(Tensor, CellStates, Tensor, Tensor, bool)"/>
    /// <param name="state">Read, then overwritten.</param>
    public CellOutput Run(Tensor input, CellStackState state, Tensor lengths = default, Tensor resets = default, bool outputs = true)
    {
        ArgumentNullException.ThrowIfNull(state);
        CellOutput output = Run(input, Copies(state.Tensors), lengths, resets, outputs);
        state.CopyFrom(output);
        return output;
    }

    /// <summary>
    /// One step of B sequences whose state the caller keeps: reads the state and overwrites it. Records nothing and allocates nothing after the first
    /// call, inside <see cref="Device.NoGrad"/>, which gives the results' memory back. To serve streams, see <see cref="StreamSession"/>.
    /// </summary>
    /// <param name="input"><c>[B, I]</c>.</param>
    /// <param name="state">From <see cref="NewState"/>.</param>
    /// <returns><c>[B, S]</c>: the top layer's new output.</returns>
    /// <exception cref="InvalidOperationException">A bidirectional stack, which cannot stream.</exception>
    public Tensor Step(Tensor input, CellStackState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (Directions == 2) { throw CannotStream(); }
        TensorSlot x = input.Float(nameof(Step));
        if (x.Shape.Rank != 2 || x.Shape[1] != _cells[0].InputSize || x.Shape[0] != state.Batch)
        {
            throw new ArgumentException($"{_name}.Step takes [{state.Batch}, {_cells[0].InputSize}] for this state, not {x.Shape}");
        }

        Tensor y = Device.NewTensor(new Shape(state.Batch, OutputSize));
        using NoGradScope scope = Device.NoGrad();
        CellOutput output = Run(input.Reshape(new Shape(1, state.Batch, x.Shape[1])), state, outputs: false);
        Device.Backend.Copy(Last(output.States[0]).View, y.View);
        return y;
    }

    /// <summary>The top layer's final states of both directions side by side: <c>[L*D, B, S] -> [B, D*S]</c>.</summary>
    public Tensor Last(Tensor states)
    {
        int top = (Layers - 1) * Directions;
        return Directions == 1 ? states[top] : Tensor.Concat(-1, states[top], states[top + 1]);
    }

    private Tensor RunDirection(int index, Tensor x, in CellStates initial, bool wanted, ref CellStates finals)
    {
        RecurrentCell cell = _cells[index];
        int steps = x.Shape[0], batch = x.Shape[1], longest = _selection.Longest;
        bool reverse = index % Directions == 1;
        if (_outputs.Length < steps) { _outputs = new Tensor[steps]; }
        Tensor projected = cell.Project(x);
        CellStates states = Initial(cell, initial, index, batch);
        Tensor silent = wanted && longest < steps ? Device.Zeros(new Shape(batch, cell.OutputSize)) : default;
        Tensor last = default;
        for (int t = longest; wanted && t < steps; t++) { _outputs[t] = silent; }
        for (int n = 0; n < longest; n++)
        {
            int t = reverse ? longest - 1 - n : n, mark = Device.OwnedMark;
            CellStates before = states;
            Tensor y = OneStep(cell, projected[t], t, ref states, wanted);
            Device.ReleaseSince(mark, states, y);
            if (n > 0) { ReleaseLeft(before, states, last); }
            if (wanted) { _outputs[t] = last = y; }
        }

        if (projected != x) { Device.ReleaseMade(projected); }
        Join(ref finals, states, index);
        if (!wanted) { return default; }
        Tensor output = Tensor.Concat(0, _outputs.AsSpan(0, steps)).Reshape(new Shape(steps, batch, cell.OutputSize));
        for (int t = 0; t < steps; t++)
        {
            if (!states.Contains(_outputs[t])) { Device.ReleaseMade(_outputs[t]); }
            _outputs[t] = default;
        }

        return output;
    }

    /// <summary>A step of all rows, those left out that have ended.</summary>
    /// <returns>The step's output, or the default tensor where it is not wanted.</returns>
    private Tensor OneStep(RecurrentCell cell, Tensor projected, int t, ref CellStates states, bool wanted)
    {
        if (_selection.Clears(t))
        {
            for (int i = 0; i < states.Count; i++) { states[i] = _selection.Cleared(states[i], t); }
        }

        CellStates entered = states;
        cell.Step(projected, ref states);
        CheckStep(cell, states, entered);
        if (_selection.IsFull(t)) { return wanted ? states[0] : default; }
        Tensor y = wanted ? _selection.Output(states[0], t) : default;
        for (int i = 0; i < states.Count; i++)
        {
            if (states[i] != entered[i]) { states[i] = _selection.Merge(entered[i], states[i], t); }
        }

        return y;
    }

    /// <summary>States that the step left behind, but those that are outputs too.</summary>
    private void ReleaseLeft(in CellStates before, in CellStates after, Tensor output)
    {
        for (int i = 0; i < before.Count; i++)
        {
            Tensor state = before[i];
            if (state != output && !after.Contains(state)) { Device.ReleaseMade(state); }
        }
    }

    /// <summary>Final states of the next cell, <c>[B, S]</c> each, put behind those of the cells before: <c>[L*D, B, S]</c> in the end.</summary>
    private static void Join(ref CellStates joined, in CellStates states, int index)
    {
        for (int i = 0; i < states.Count; i++)
        {
            Shape shape = states[i].Shape;
            Tensor state = states[i].Reshape(new Shape(1, shape[0], shape[1]));
            if (index == 0) { joined.Add(state); }
            else { joined[i] = Tensor.Concat(0, joined[i], state); }
        }
    }

    private CellStates Initial(RecurrentCell cell, in CellStates initial, int index, int batch)
    {
        var states = default(CellStates);
        for (int i = 0; i < cell.StateSizes.Length; i++)
        {
            states.Add(initial.Count > 0 ? initial[i][index] : Device.Zeros(new Shape(batch, cell.StateSizes[i])));
        }

        return states;
    }

    /// <summary>Copies enter a window: its backward pass may come after the state has moved on.</summary>
    private CellStates Copies(in CellStates states)
    {
        var copies = default(CellStates);
        for (int i = 0; i < states.Count; i++)
        {
            Tensor copy = Device.NewTensor(states[i].Shape);
            Device.Backend.Copy(states[i].View, copy.View);
            copies.Add(copy);
        }

        return copies;
    }

    private void CheckStates(in CellStates states, int batch)
    {
        ReadOnlySpan<int> sizes = _cells[0].StateSizes;
        if (states.Count == 0) { return; }
        if (states.Count != sizes.Length) { throw new ArgumentException($"{_name} starts from {sizes.Length} states, not {states.Count}"); }
        for (int i = 0; i < sizes.Length; i++)
        {
            var shape = new Shape(_cells.Length, batch, sizes[i]);
            TensorSlot slot = states[i].Float(_name);
            if (slot.Shape != shape) { throw new ArgumentException($"the initial state {i} must be {shape}, not {slot.Shape}"); }
        }
    }

    private static void CheckTable(TensorSlot slot, Shape shape, string what)
    {
        if (slot.Shape != shape) { throw new ArgumentException($"the {what} must be {shape}, not {slot.Shape}"); }
    }

    private static void CheckStep(RecurrentCell cell, in CellStates after, in CellStates before)
    {
        for (int i = 0; i < before.Count; i++)
        {
            if (after[i].Shape != before[i].Shape)
            {
                throw new InvalidOperationException($"a step of {cell.Description} made state {i} of {before[i].Shape} one of {after[i].Shape}");
            }
        }
    }
}
