namespace RnnGpu.Core;

public sealed partial class RnnPlan
{
    /// <summary>
    /// Runs the stack forward. Writes Y, HT, CT and, in training, the reserve; the workspace is free again after the call.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes that do not fit the plan.</exception>
    /// <exception cref="InvalidOperationException">No weights were packed.</exception>
    public void Forward(in RnnForwardCall call)
    {
        Check(call);
        for (int group = 0; group < Groups; group++)
        {
            ForwardGroup(call, group);

            if (group < Groups - 1 && DropsOut)
            {
                TensorView output = GroupOutput(call, group);
                _backend.Dropout(output, Spec.Dropout, DropoutKey(call, group), 0, output);
            }
        }
    }

    /// <summary>Both directions of a layer, or all layers in one direction. Directions write halves of one output, so they need not wait for one another.</summary>
    private void ForwardGroup(in RnnForwardCall call, int group)
    {
        if (DirectionsBeside)
        {
            _backend.Fork(ReverseQueue);
            try { ForwardLane(call, group, LaneOf(group, 1)); }
            finally { _backend.Return(); }
        }

        ForwardLane(call, group, LaneOf(group, 0));
        if (DirectionsBeside) { _backend.Join(ReverseQueue); }
        else if (Spec.Bidirectional) { ForwardLane(call, group, LaneOf(group, 1)); }
    }

    private void ForwardLane(in RnnForwardCall call, int group, Lane lane)
    {
        for (int layer = lane.FirstLayer; layer <= lane.LastLayer; layer++) { EnterLane(call, lane, layer); }
        if (_schedule.Stages > 1)
        {
            ForwardWavefront(call);
            return;
        }

        for (int i = 0; i < _memory.Spans; i++)
        {
            ForwardSpan(call, group, lane, i, recomputing: false);
            for (int layer = lane.FirstLayer; layer <= lane.LastLayer; layer++) { LeaveSpan(call, lane, layer, i); }
        }
    }

    /// <summary>Initial states go where the first span enters.</summary>
    private void EnterLane(in RnnForwardCall call, Lane lane, int layer)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        Steps span = SpanOf(0, lane.Reverse);
        CopyOrZero(LayerState(call.H0, index), _memory.Stored
            ? EnteringSlot(call, cell.H, span, lane.Reverse) : State(EdgeHome(call), cell.EdgeH, 0));
        if (!Layouts.HasCellState(Spec.Cell)) { return; }
        CopyOrZero(LayerState(call.C0, index), _memory.Stored
            ? EnteringSlot(call, cell.C, span, lane.Reverse) : State(EdgeHome(call), cell.EdgeC, 0));
    }

    /// <summary>Keeps the states that a span ends with: at its edge, and behind the last span as the final states.</summary>
    private void LeaveSpan(in RnnForwardCall call, Lane lane, int layer, int i)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        Steps span = SpanOf(i, lane.Reverse);
        TensorView h = LeavingSlot(call, cell.H, span, lane.Reverse);
        bool last = i == _memory.Spans - 1;
        if (!_memory.Stored) { _backend.Copy(h, State(EdgeHome(call), cell.EdgeH, EdgeSlot(i + 1))); }
        if (last && !call.HT.IsEmpty) { _backend.Copy(h, LayerState(call.HT, index)); }
        if (!Layouts.HasCellState(Spec.Cell)) { return; }
        TensorView c = LeavingSlot(call, cell.C, span, lane.Reverse);
        if (!_memory.Stored) { _backend.Copy(c, State(EdgeHome(call), cell.EdgeC, EdgeSlot(i + 1))); }
        if (last && !call.CT.IsEmpty) { _backend.Copy(c, LayerState(call.CT, index)); }
    }

    /// <summary>Inference carries one state along; training keeps them all.</summary>
    private int EdgeSlot(int span) => Options.Training ? span : 0;

    /// <summary>All chunks of one span through all layers of a lane; again, without outputs, when recomputing.</summary>
    private void ForwardSpan(in RnnForwardCall call, int group, Lane lane, int i, bool recomputing)
    {
        EnterSpan(call, lane, i);
        Steps span = SpanOf(i, lane.Reverse);
        for (int j = 0; j < Chunks(span); j++)
        {
            Steps chunk = ChunkOf(span, j, lane.Reverse);
            for (int layer = lane.FirstLayer; layer <= lane.LastLayer; layer++)
            {
                ForwardChunk(call, group, lane, layer, span, chunk, recomputing);
            }
        }
    }

    /// <summary>Brings the states of a span's edge to where it enters.</summary>
    private void EnterSpan(in RnnForwardCall call, Lane lane, int i)
    {
        Steps span = SpanOf(i, lane.Reverse);
        for (int layer = lane.FirstLayer; !_memory.Stored && layer <= lane.LastLayer; layer++)
        {
            ref CellMemory cell = ref _memory.Cells[Index(layer, lane.Reverse)];
            _backend.Copy(State(EdgeHome(call), cell.EdgeH, EdgeSlot(i)), EnteringSlot(call, cell.H, span, lane.Reverse));
            if (Layouts.HasCellState(Spec.Cell))
            {
                _backend.Copy(State(EdgeHome(call), cell.EdgeC, EdgeSlot(i)), EnteringSlot(call, cell.C, span, lane.Reverse));
            }
        }
    }

    /// <summary>One chunk of one layer: the hoisted input projection, the recurrence, the dropout of what the next layer reads.</summary>
    private void ForwardChunk(in RnnForwardCall call, int group, Lane lane, int layer, Steps span, Steps chunk, bool recomputing)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        RecurrentChunk operands = ChunkOperands(call, lane, layer, span, chunk);
        int input = Spec.LayerInputSize(layer);
        TensorView bias = Spec.Bias ? _packed.View(cell.Bias, new Shape(Spec.GateSize)) : default;
        _backend.GemmPacked(
            LayerInput(call, group, lane, layer, span, chunk).AsMatrix(),
            PackedBlock(cell.PackedIh, _backend.PackedMatrixBytes(input, Spec.GateSize)),
            input, Spec.GateSize, bias, GemmActivation.None, accumulate: false, operands.Gates.AsMatrix());

        bool top = IsTop(layer);
        TensorView inner = top ? default : InnerInput(call, layer + 1, span, chunk);
        MatrixView y = !top ? inner.AsMatrix()
            : recomputing ? default
            : DirectionOf(StepsOf(GroupOutput(call, group), chunk), lane.Reverse);
        _backend.RecurrentForward(operands, PackedRecurrent(cell), RecurrentBias(index), RecurrentWorkspace(call, lane), y);
        if (!top && DropsOut)
        {
            _backend.Dropout(inner, Spec.Dropout, DropoutKey(call, layer), (long)chunk.First * B * H, inner);
        }
    }

    private TensorView PackedRecurrent(in CellMemory cell) => PackedBlock(
        cell.PackedHh,
        _backend.PackedRecurrentBytes(new RecurrentProblem(Spec.Cell, H, B, _memory.ChunkSteps, Options.Training)));

    /// <summary>b_hn where it stays inside the reset product.</summary>
    private TensorView RecurrentBias(int index) => Spec.Bias && Layouts.HasSeparateRecurrentBias(Spec.Cell)
        ? _weights[index].BiasHh.Slice(Spec.GateSize - H, new Shape(H))
        : default;

    private void Check(in RnnForwardCall call)
    {
        if (_weights.Length == 0) { throw new InvalidOperationException("the plan has no weights; call Pack first"); }
        int t = Options.Steps, states = Spec.Layers * Spec.Directions;
        Check(call.X, new Shape(t, B, Spec.InputSize), "x", optional: false);
        Check(call.Lengths, new Shape(B), "lengths", DType.I32);
        Check(call.Resets, new Shape(t, B), "resets", DType.I32);
        Check(call.Y, new Shape(t, B, Spec.OutputSize), "y");
        var state = new Shape(states, B, H);
        Check(call.H0, state, "h0");
        Check(call.C0, state, "c0");
        Check(call.HT, state, "hT");
        Check(call.CT, state, "cT");
        CheckRegion(call.Reserve, ReserveBytes, "reserve");
        CheckRegion(call.Workspace, WorkspaceBytes, "workspace");
    }

    private static void Check(
        in TensorView view, Shape shape, string name, DType dtype = DType.F32, bool optional = true)
    {
        if (view.IsEmpty ? !optional : view.Shape != shape || view.DType != dtype)
        {
            throw new ArgumentException($"{name} of this plan is {dtype}{shape}, not {view}");
        }
    }

    private static void CheckRegion(MemoryRegion region, long bytes, string name)
    {
        if (region.Elements * 4 < bytes) { throw new ArgumentException($"the {name} needs {bytes} bytes, not {region.Elements * 4}"); }
    }
}
