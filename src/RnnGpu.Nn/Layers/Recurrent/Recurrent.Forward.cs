using RnnGpu.Core;

namespace RnnGpu.Nn;

public abstract partial class Recurrent
{
    private long _stepStart;
    private ulong _passes;

    /// <summary>From zero states: the outputs, or the final state, as <see cref="ReturnSequences"/> says.</summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <returns><c>[T, B, D*H]</c>, or <c>[B, D*H]</c> of the top layer.</returns>
    public override Tensor Forward(Tensor input)
    {
        RecurrentOutput output = Run(input, outputs: ReturnSequences);
        Tensor result = ReturnSequences ? output.Output : Last(output.Hidden);
        output.Hidden.Release();
        if (!output.Cell.IsEmpty) { output.Cell.Release(); }
        return result;
    }

    /// <summary>
    /// A pass over a sequence. Gradients flow to the input, the parameters and the initial states, from the outputs and the final
    /// states. Between-layer dropout runs in training mode while operations are recorded.
    /// </summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <param name="hidden">Initial states <c>[L*D, B, H]</c>, in the order layer 0, layer 0 reverse, layer 1, ...; default: zeros.</param>
    /// <param name="cell">Initial cell states, likewise; LSTM only.</param>
    /// <param name="lengths">Integers <c>[B]</c>, 0 to T, any order: steps of each row; default: all T.</param>
    /// <param name="resets">Integers <c>[T, B]</c>: where not 0, the row's state is cleared before that step; default: never.</param>
    /// <param name="outputs">Whether the outputs of all steps are wanted.</param>
    /// <exception cref="ArgumentException">Shapes or element types that do not fit.</exception>
    /// <exception cref="PlanDoesNotFitException">The memory budget is too small.</exception>
    public RecurrentOutput Run(
        Tensor input, Tensor hidden = default, Tensor cell = default, Tensor lengths = default, Tensor resets = default, bool outputs = true)
    {
        string name = _name;
        TensorSlot x = input.Float(name);
        TensorSlot? h0 = hidden.IsEmpty ? null : hidden.Float(name), c0 = cell.IsEmpty ? null : cell.Float(name);
        TensorSlot? rows = lengths.IsEmpty ? null : lengths.Int(name, nameof(lengths));
        TensorSlot? clears = resets.IsEmpty ? null : resets.Int(name, nameof(resets));
        CheckInput(x.Shape);
        int steps = x.Shape[0], batch = x.Shape[1];
        var states = new Shape(Spec.Layers * Spec.Directions, batch, Spec.HiddenSize);
        CheckOptional(h0, states, "initial states");
        CheckOptional(c0, states, "initial cell states");
        CheckOptional(rows, new Shape(batch), nameof(lengths));
        CheckOptional(clears, new Shape(steps, batch), nameof(resets));
        if (c0 is not null && !Layouts.HasCellState(Spec.Cell)) { throw new ArgumentException($"{name} has no cell state to start from"); }

        bool records = Records(x, h0, c0);
        PlanKey planKey = Key(steps, batch, records, x.RequiresGrad);

        // Passes that draw no mask do not count: a validation between two steps must not change the masks after it.
        RandomKey random = records && Training ? NextKey() : default;
        bool drops = records && Training && WeightDrop > 0f;
        RnnPlan plan = _plans.Get(planKey).Plan;
        Storage packed = drops ? PackDropped(plan, random) : _plans.UsePresent(plan);
        var output = new RecurrentOutput(
            outputs ? Device.NewTensor(x.Shape.WithColumns(Spec.OutputSize)) : default,
            Device.NewTensor(states),
            Layouts.HasCellState(Spec.Cell) ? Device.NewTensor(states) : default);
        Storage? reserve = records ? _plans.Lease(plan, plan.ReserveBytes, plan.PackedBytes) : null;
        var call = new RnnForwardCall
        {
            X = x.View,
            H0 = h0?.View ?? default,
            C0 = c0?.View ?? default,
            Lengths = rows?.View ?? default,
            Resets = clears?.View ?? default,
            Y = outputs ? output.Output.View : default,
            HT = output.Hidden.View,
            CT = output.Cell.IsEmpty ? default : output.Cell.View,
            Reserve = reserve is null ? default : RecurrentPlans.Region(reserve),
            DropoutKey = random,
        };
        try
        {
            Execute(plan, call);
        }
        catch when (reserve is not null)
        {
            Device.Pool.Release(reserve);
            if (drops) { Device.Pool.Release(packed); }
            throw;
        }

        if (reserve is null) { return output; }
        RecurrentNode node = Device.Tape.Record<RecurrentNode>();

        // The weights of this pass stay packed until it has run back, whatever the cache does.
        if (!drops) { packed.References++; }
        node.Set(plan, call, _views, _gradients, reserve, packed);
        if (drops) { node.SetWeightDrop(WeightDrop, random with { Site = _weightDropSite }); }
        node.AddInput(x);
        for (int i = 0; i < _weights.Count; i++) { node.AddInput(_weights[i].Value.Slot); }
        node.AddStates(h0, c0);
        if (rows is not null) { node.AddInput(rows); }
        if (clears is not null) { node.AddInput(clears); }
        node.AddOutputs(output);
        return output;
    }

    /// <summary>
    /// One window of truncated back-propagation through time: starts from the state's values and leaves the final ones in it.
    /// No gradient flows between windows.
    /// </summary>
    /// <inheritdoc cref="Run(Tensor, Tensor, Tensor, Tensor, Tensor, bool)"/>
    /// <param name="state">Read, then overwritten.</param>
    public RecurrentOutput Run(
        Tensor input, RecurrentState state, Tensor lengths = default, Tensor resets = default, bool outputs = true)
    {
        ArgumentNullException.ThrowIfNull(state);

        // A copy enters the pass: its backward may come after the state has moved on.
        Tensor hidden = Device.NewTensor(state.Hidden.Shape), cell = default;
        Device.Backend.Copy(state.Hidden.View, hidden.View);
        if (!state.Cell.IsEmpty)
        {
            cell = Device.NewTensor(state.Cell.Shape);
            Device.Backend.Copy(state.Cell.View, cell.View);
        }

        RecurrentOutput output = Run(input, hidden, cell, lengths, resets, outputs);
        state.CopyFrom(output);
        hidden.Release();
        if (!cell.IsEmpty) { cell.Release(); }
        return output;
    }

    /// <summary>
    /// One step of B sequences whose state the caller keeps: reads the state and overwrites it. Records nothing and allocates nothing after the first
    /// call, inside <see cref="Device.NoGrad"/>, which gives the results' memory back. To serve streams, see <see cref="StreamSession"/>.
    /// </summary>
    /// <param name="input"><c>[B, I]</c>.</param>
    /// <param name="state">From <see cref="NewState"/>.</param>
    /// <returns><c>[B, H]</c>: the top layer's new state.</returns>
    /// <exception cref="InvalidOperationException">A bidirectional layer, which cannot stream.</exception>
    public Tensor Step(Tensor input, RecurrentState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (Spec.Bidirectional) { throw CannotStream(); }
        TensorSlot x = input.Float(nameof(Step));
        if (x.Shape.Rank != 2 || x.Shape[1] != Spec.InputSize || x.Shape[0] != state.Batch)
        {
            throw new ArgumentException($"{GetType().Name}.Step takes [{state.Batch}, {Spec.InputSize}] for this state, not {x.Shape}");
        }

        int batch = state.Batch;
        RnnPlan plan = _plans.Get(Key(steps: 1, batch, training: false, inputGradient: false)).Plan;
        _plans.UsePresent(plan);
        Tensor y = Device.NewTensor(new Shape(batch, Spec.OutputSize));
        TensorView h = state.Hidden.View, c = state.Cell.IsEmpty ? default : state.Cell.View;
        var call = new RnnForwardCall
        {
            X = x.View.Reshape(new Shape(1, batch, Spec.InputSize)),
            H0 = h,
            C0 = c,
            Y = y.View.Reshape(new Shape(1, batch, Spec.OutputSize)),
            HT = h,
            CT = c,
        };
        Execute(plan, call);
        return y;
    }

    /// <summary>The top layer's final states of both directions side by side: <c>[L*D, B, H] -> [B, D*H]</c>.</summary>
    public Tensor Last(Tensor hidden)
    {
        int top = (Spec.Layers - 1) * Spec.Directions;
        if (!Spec.Bidirectional) { return hidden[top]; }
        Tensor both = hidden.Slice(0, top, 2), rows = both.Permute(1, 0, 2);
        Tensor last = rows.Reshape(new Shape(hidden.Shape[1], Spec.OutputSize));
        both.Release();
        rows.Release();
        return last;
    }

    private void Execute(RnnPlan plan, in RnnForwardCall call)
    {
        Storage workspace = _plans.Lease(plan, plan.WorkspaceBytes, plan.PackedBytes + (call.Reserve.Elements * sizeof(float)));
        try
        {
            plan.Forward(call with { Workspace = RecurrentPlans.Region(workspace) });
        }
        finally
        {
            Device.Pool.Release(workspace);
        }
    }

    private bool Records(TensorSlot x, TensorSlot? h0, TensorSlot? c0)
    {
        if (!Device.GradEnabled) { return false; }
        if (x.RequiresGrad || h0 is { RequiresGrad: true } || c0 is { RequiresGrad: true }) { return true; }
        for (int i = 0; i < _weights.Count; i++)
        {
            if (_weights[i].Trainable) { return true; }
        }

        return false;
    }

    /// <summary>Key of this pass's dropout; passes of one training step count in the upper bits, so that their masks differ.</summary>
    private RandomKey NextKey()
    {
        if (_stepStart != Device.StepStart)
        {
            _stepStart = Device.StepStart;
            _passes = 0;
        }

        return new RandomKey(Device.Seed, Device.Step | (_passes++ << 48), _site);
    }

    private static void CheckOptional(TensorSlot? slot, Shape shape, string what)
    {
        if (slot is not null && slot.Shape != shape) { throw new ArgumentException($"the {what} must be {shape}, not {slot.Shape}"); }
    }
}
