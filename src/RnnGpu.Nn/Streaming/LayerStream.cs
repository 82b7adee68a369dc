using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>The states of one recurrent layer for all slots of a <see cref="StreamStates"/>. A step writes new ones beside the present ones.</summary>
internal abstract class LayerStream(Module layer) : IDisposable
{
    /// <summary>Whose.</summary>
    public Module Layer { get; } = layer;

    /// <summary>Whether the layer took part in the step under way.</summary>
    public bool Stepped { get; set; }

    /// <summary>Number of state tensors.</summary>
    public abstract int Count { get; }

    /// <summary>A present state, <c>[slots, S]</c>.</summary>
    public abstract TensorView State(int index);

    /// <summary>Makes the states that the step wrote the present ones.</summary>
    public abstract void Advance();

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}

/// <summary>Of a layer in the fused loop.</summary>
internal sealed class RecurrentStream : LayerStream
{
    private readonly Storage _memory;
    private readonly RnnStepper _stepper;
    private readonly int _perLayer;
    private bool _disposed;

    public RecurrentStream(Recurrent layer, RnnPlan plan)
        : base(layer)
    {
        Plan = plan;
        _memory = RecurrentPlans.Lease(layer.Device, plan, plan.WorkspaceBytes, held: 0);
        _stepper = new RnnStepper(plan, RecurrentPlans.Region(_memory));
        _perLayer = Layouts.HasCellState(plan.Spec.Cell) ? 2 : 1;
    }

    public RnnPlan Plan { get; }

    public override int Count => Plan.Spec.Layers * _perLayer;

    public override TensorView State(int index) =>
        index % _perLayer == 0 ? _stepper.Hidden(index / _perLayer) : _stepper.Cell(index / _perLayer);

    /// <summary>A step of the rows that take part.</summary>
    /// <param name="x"><c>[n, I]</c>.</param>
    /// <param name="states">Which slots these are.</param>
    /// <param name="y"><c>[n, H]</c>.</param>
    public void Step(in TensorView x, StreamStates states, in TensorView y)
    {
        if (states.IsWhole)
        {
            _stepper.Step(x, default, default, y);
            return;
        }

        // States stay in their slots: inputs go to the slots' rows, zeros to the others, and the outputs come back.
        Device device = Layer.Device;
        Storage storage = device.Pool.Lease((long)states.Slots * Plan.Spec.InputSize * sizeof(float));
        try
        {
            var rows = new TensorView(storage.Buffer, 0, new Shape(states.Slots, Plan.Spec.InputSize));
            device.Backend.Gather(x, states.Positions, rows);
            _stepper.Step(rows, states.Taking, states.Ranges, default);
            device.Backend.Gather(_stepper.NextHidden(Plan.Spec.Layers - 1), states.Selected, y);
        }
        finally
        {
            device.Pool.Release(storage);
        }
    }

    public override void Advance() => _stepper.Advance();

    public override void Dispose()
    {
        if (!_disposed) { Layer.Device.Pool.Release(_memory); }
        _disposed = true;
    }
}

/// <summary>Of a stack of cells written over tensor operations.</summary>
internal sealed class CellStackStream : LayerStream
{
    private readonly CellStack _stack;
    private readonly int _slots;
    private CellStackState _present, _next;

    public CellStackStream(CellStack stack, int slots)
        : base(stack)
    {
        _stack = stack;
        _slots = slots;
        _present = stack.NewState(slots);
        _next = stack.NewState(slots);
    }

    public override int Count => _stack.Layers * _present.Tensors.Count;

    public override TensorView State(int index)
    {
        int states = _present.Tensors.Count;
        TensorView all = _present.Tensors[index % states].View;
        int size = all.Shape[2];
        return all.Slice((long)(index / states) * _slots * size, new Shape(_slots, size));
    }

    /// <summary>A step of the rows that take part, <c>[n, I] -> [n, S]</c>.</summary>
    public Tensor Step(Tensor x, StreamStates states)
    {
        Tensor rows = states.IsWhole ? x : x.Gather(states.PositionTensor);
        CellOutput output = _stack.Run(
            rows.Reshape(new Shape(1, _slots, x.Shape[1])), _present.Tensors, states.IsWhole ? default : states.TakingTensor, outputs: false);
        _next.CopyFrom(output);
        Tensor y = _stack.Last(output.States[0]);
        return states.IsWhole ? y : y.Gather(states.SelectedTensor);
    }

    public override void Advance() => (_present, _next) = (_next, _present);

    public override void Dispose()
    {
        _present.Dispose();
        _next.Dispose();
    }
}
