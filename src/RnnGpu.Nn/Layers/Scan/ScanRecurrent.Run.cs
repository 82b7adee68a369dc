using RnnGpu.Core;

namespace RnnGpu.Nn;

public abstract partial class ScanRecurrent
{
    /// <summary>From zero states: the outputs, or the final state, as <see cref="ReturnSequences"/> says.</summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <returns><c>[T, B, D*H]</c>, or <c>[B, D*H]</c> of the top layer.</returns>
    public override Tensor Forward(Tensor input)
    {
        RecurrentOutput output = Run(input, outputs: ReturnSequences);
        return ReturnSequences ? output.Output : Last(output.Hidden);
    }

    /// <summary>
    /// A pass over a sequence. Gradients flow to the input, the parameters and the initial states, from the outputs and the final states.
    /// </summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <param name="states">Initial states <c>[L*D, B, H]</c>, in the order layer 0, layer 0 reverse, layer 1, ...; default: zeros.</param>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T, any order: steps of each row; default: all T.</param>
    /// <param name="resets">Integers <c>[T, B]</c>: where not 0, the row's state is cleared before that step; default: never.</param>
    /// <param name="outputs">Whether the outputs of all steps are wanted.</param>
    /// <returns>Outputs, and final states as <see cref="RecurrentOutput.Hidden"/>: h of minGRU and minLSTM, c of SRU and QRNN.</returns>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit.</exception>
    public RecurrentOutput Run(Tensor input, Tensor states = default, Tensor lengths = default, Tensor resets = default, bool outputs = true)
    {
        TensorSlot slot = input.Float(_name);
        CheckInput(slot.Shape);
        (int steps, int batch) = (slot.Shape[0], slot.Shape[1]);
        if (!states.IsEmpty) { CheckShape(states.Float(_name), new Shape(_directions.Length, batch, HiddenSize), "initial states"); }
        if (!lengths.IsEmpty) { CheckShape(lengths.Int(_name, nameof(lengths)), new Shape(batch), nameof(lengths)); }
        if (!resets.IsEmpty) { CheckShape(resets.Int(_name, nameof(resets)), new Shape(steps, batch), nameof(resets)); }

        Tensor x = input, finals = default;
        for (int layer = 0; layer < Layers; layer++)
        {
            if (layer > 0) { x = _dropout.Forward(x); }
            bool wanted = outputs || layer < Layers - 1;
            Tensor y = RunDirection(layer * Directions, x, states, lengths, resets, wanted, ref finals);
            if (Directions == 2)
            {
                Tensor reverse = RunDirection((layer * Directions) + 1, x, states, lengths, resets, wanted, ref finals);
                if (wanted) { y = Tensor.Concat(-1, y, reverse); }
            }

            x = y;
        }

        return new RecurrentOutput(x, finals, default);
    }

    /// <summary>One step of a stream: reads the states and overwrites them. Records nothing. Streams belong inside <see cref="Device.NoGrad"/>.</summary>
    /// <param name="input"><c>[B, I]</c>.</param>
    /// <param name="state">From <see cref="NewState"/>.</param>
    /// <returns><c>[B, H]</c>: the top layer's new output.</returns>
    /// <exception cref="InvalidOperationException">Two directions, or a window of more than one step: neither can stream.</exception>
    public Tensor Step(Tensor input, Tensor state)
    {
        if (Directions == 2) { throw new InvalidOperationException("a bidirectional layer reads the sequence from its end too: it cannot run step by step"); }
        if (Window > 1) { throw new InvalidOperationException($"a window of {Window} steps sees the step before, which a stream of single steps does not hold: use window 1"); }
        TensorSlot x = input.Float(nameof(Step));
        Shape held = state.Float(nameof(Step)).Shape;
        if (x.Shape.Rank != 2 || x.Shape[1] != InputSize || held != new Shape(Layers, x.Shape[0], HiddenSize))
        {
            throw new ArgumentException($"{_name}.Step takes [B, {InputSize}] and a state [{Layers}, B, {HiddenSize}], not {x.Shape} and {held}");
        }

        Tensor y = Device.NewTensor(new Shape(held[1], HiddenSize));
        using NoGradScope scope = Device.NoGrad();
        RecurrentOutput output = Run(input.Reshape(new Shape(1, held[1], InputSize)), state);
        Device.Backend.Copy(output.Output.View.Flat(), y.View.Flat());
        Device.Backend.Copy(output.Hidden.View, state.View);
        return y;
    }

    /// <summary>The top layer's final states of both directions side by side: <c>[L*D, B, H] -> [B, D*H]</c>.</summary>
    public Tensor Last(Tensor states)
    {
        int top = (Layers - 1) * Directions;
        return Directions == 1 ? states[top] : Tensor.Concat(-1, states[top], states[top + 1]);
    }

    private Tensor RunDirection(int index, Tensor x, Tensor states, Tensor lengths, Tensor resets, bool wanted, ref Tensor finals)
    {
        ScanDirection direction = _directions[index];
        bool reverse = index % Directions == 1;
        Tensor seen = Window == 1 ? x : Tensor.Concat(-1, x, Before(x, lengths, resets, reverse));
        Tensor gates = seen.Linear(direction.WeightIh, direction.BiasIh is { } bias ? bias : default(Tensor));
        (Tensor y, Tensor last) = ScanOps.Scan(
            new ScanInput(
                Cell, gates, direction.HasHighway ? x : default, direction.WeightC is { } weights ? weights : default(Tensor),
                states.IsEmpty ? default : states[index], lengths, resets, reverse),
            HiddenSize, wanted);
        gates.Release();
        Tensor joined = last.Reshape(new Shape(1, last.Shape[0], HiddenSize));
        finals = index == 0 ? joined : Tensor.Concat(0, finals, joined);
        return y;
    }

    /// <summary>The inputs of the steps before, in the order of processing: zeros before a row's first step and before a step that resets it.</summary>
    private Tensor Before(Tensor x, Tensor lengths, Tensor resets, bool reverse)
    {
        (int steps, int batch, int size) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        int[] rows = new int[batch], clears = new int[resets.IsEmpty ? 0 : steps * batch], table = new int[steps * batch];
        Array.Fill(rows, steps);
        if (!lengths.IsEmpty) { lengths.CopyTo(rows.AsSpan()); }
        if (!resets.IsEmpty) { resets.CopyTo(clears.AsSpan()); }
        for (int i = 0; i < table.Length; i++)
        {
            int t = (i / batch) + (reverse ? 1 : -1), b = i % batch;
            table[i] = t < 0 || t >= Math.Min(rows[b], steps) || (clears.Length > 0 && clears[i] != 0) ? -1 : (t * batch) + b;
        }

        return x.Reshape(new Shape(steps * batch, size)).Gather(Device.Tensor(table, new Shape(steps, batch)));
    }

    private static void CheckShape(TensorSlot slot, Shape shape, string what)
    {
        if (slot.Shape != shape) { throw new ArgumentException($"the {what} must be {shape}, not {slot.Shape}"); }
    }
}
