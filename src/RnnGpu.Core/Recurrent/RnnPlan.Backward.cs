namespace RnnGpu.Core;

public sealed partial class RnnPlan
{
    /// <summary>
    /// Back-propagation through time for a forward call. Assigns DX, DH0, DC0; accumulates the parameters' gradients. Destroys the
    /// reserve's activations.
    /// </summary>
    /// <param name="call">Gradients of the outputs, and where to put those of the inputs.</param>
    /// <param name="gradients">Gradients of the weights, in the order of <see cref="Pack"/>; accumulated. Empty views: not wanted.</param>
    /// <exception cref="ArgumentException">Shapes that do not fit the plan, or a plan that was not made for training.</exception>
    public void Backward(in RnnBackwardCall call, RnnLayerTensors[] gradients)
    {
        Check(call, gradients);
        for (int group = Groups - 1; group >= 0; group--)
        {
            BackwardGroup(call, group, gradients);

            if (group > 0 && DropsOut)
            {
                TensorView d = GroupInputGradient(call, group);
                _backend.Dropout(d, Spec.Dropout, DropoutKey(call.Forward, group - 1), 0, d);
            }
        }
    }

    /// <summary>
    /// Both directions of a layer, or all layers in one direction. The reverse direction adds to the input's gradient what the forward one
    /// assigned: beside it, it leaves that until both are done, so bits do not depend on who was faster. That takes gates that stay, so recomputed spans
    /// run one direction after another.
    /// </summary>
    private void BackwardGroup(in RnnBackwardCall call, int group, RnnLayerTensors[] gradients)
    {
        bool beside = DirectionsBeside && _memory.Stored;
        if (beside)
        {
            _backend.Fork(ReverseQueue);
            try { BackwardLane(call, group, LaneOf(group, 1), gradients, passToInput: false); }
            finally { _backend.Return(); }
        }

        BackwardLane(call, group, LaneOf(group, 0), gradients, passToInput: true);
        if (!Spec.Bidirectional) { return; }
        Lane reverse = LaneOf(group, 1);
        if (!beside)
        {
            BackwardLane(call, group, reverse, gradients, passToInput: true);
            return;
        }

        _backend.Join(ReverseQueue);
        Steps span = SpanOf(0, reverse: true);
        for (int j = Chunks(span) - 1; j >= 0; j--)
        {
            Steps chunk = ChunkOf(span, j, reverse: true);
            PassToInput(
                call, group, reverse, reverse.FirstLayer, chunk, ChunkOperands(call.Forward, reverse, reverse.FirstLayer, span, chunk),
                _memory.Cells[Index(reverse.FirstLayer, reverse: true)]);
        }
    }

    private void BackwardLane(in RnnBackwardCall call, int group, Lane lane, RnnLayerTensors[] gradients, bool passToInput)
    {
        for (int layer = lane.FirstLayer; layer <= lane.LastLayer; layer++) { EnterBackward(call, lane, layer); }
        if (_schedule.Stages > 1 && _memory.Stored) { BackwardWavefront(call, gradients); }
        else { BackwardSpans(call, group, lane, gradients, passToInput); }
        for (int layer = lane.FirstLayer; layer <= lane.LastLayer; layer++) { LeaveBackward(call, lane, layer, gradients); }
    }

    private void BackwardSpans(in RnnBackwardCall call, int group, Lane lane, RnnLayerTensors[] gradients, bool passToInput)
    {
        for (int i = _memory.Spans - 1; i >= 0; i--)
        {
            if (Recomputes)
            {
                // It overwrites what the weights' gradients of the span before still read.
                if (i < _memory.Spans - 1) { JoinWeightGradients(lane); }
                ForwardSpan(call.Forward, group, lane, i, recomputing: true);
            }

            Steps span = SpanOf(i, lane.Reverse);
            for (int j = Chunks(span) - 1; j >= 0; j--)
            {
                Steps chunk = ChunkOf(span, j, lane.Reverse);
                for (int layer = lane.LastLayer; layer >= lane.FirstLayer; layer--)
                {
                    BackwardChunk(call, group, lane, layer, span, chunk, gradients, passToInput);
                }
            }
        }

        JoinWeightGradients(lane);
    }

    private void JoinWeightGradients(Lane lane)
    {
        if (WeightGradientsBeside) { _backend.Join(WeightGradientQueue(lane)); }
    }

    private void EnterBackward(in RnnBackwardCall call, Lane lane, int layer)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        MemoryRegion work = call.Forward.Workspace;
        CopyOrZero(LayerState(call.DHT, index), State(work, cell.DH, 0));
        if (Layouts.HasCellState(Spec.Cell)) { CopyOrZero(LayerState(call.DCT, index), State(work, cell.DC, 0)); }
        if (!Spec.Bias) { return; }
        _backend.Fill(0f, work.View(cell.DBias, new Shape(Spec.GateSize)));
        if (Layouts.HasSeparateRecurrentBias(Spec.Cell)) { _backend.Fill(0f, work.View(cell.DBiasN, new Shape(H))); }
    }

    /// <summary>Gradients of the initial states, and of both biases, which but for b_hn share one sum.</summary>
    private void LeaveBackward(in RnnBackwardCall call, Lane lane, int layer, RnnLayerTensors[] gradients)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        MemoryRegion work = call.Forward.Workspace;
        if (!call.DH0.IsEmpty) { _backend.Copy(State(work, cell.DH, 0), LayerState(call.DH0, index)); }
        if (!call.DC0.IsEmpty && Layouts.HasCellState(Spec.Cell)) { _backend.Copy(State(work, cell.DC, 0), LayerState(call.DC0, index)); }
        RnnLayerTensors g = gradients[index];
        if (!Spec.Bias) { return; }
        TensorView sums = work.View(cell.DBias, new Shape(Spec.GateSize));
        if (!g.BiasIh.IsEmpty) { _backend.AddScaled(1f, sums, 1f, g.BiasIh); }
        if (g.BiasHh.IsEmpty) { return; }
        if (!Layouts.HasSeparateRecurrentBias(Spec.Cell))
        {
            _backend.AddScaled(1f, sums, 1f, g.BiasHh);
            return;
        }

        var shared = new Shape(Spec.GateSize - H);
        _backend.AddScaled(1f, sums.Slice(0, shared), 1f, g.BiasHh.Slice(0, shared));
        _backend.AddScaled(1f, work.View(cell.DBiasN, new Shape(H)), 1f, g.BiasHh.Slice(shared.Length, new Shape(H)));
    }

    private void BackwardChunk(
        in RnnBackwardCall call, int group, Lane lane, int layer, Steps span, Steps chunk, RnnLayerTensors[] gradients, bool passToInput)
    {
        int index = Index(layer, lane.Reverse);
        ref CellMemory cell = ref _memory.Cells[index];
        RecurrentChunk operands = ChunkOperands(call.Forward, lane, layer, span, chunk);
        MemoryRegion work = call.Forward.Workspace;
        MatrixView dy = IsTop(layer)
            ? DirectionOf(StepsOf(GroupOutputGradient(call, group), chunk), lane.Reverse)
            : BetweenLayers(work, layer, chunk).AsMatrix();
        _backend.RecurrentBackward(
            operands, PackedRecurrent(cell), dy, RecurrentWorkspace(call.Forward, lane), State(work, cell.DH, 0),
            Layouts.HasCellState(Spec.Cell) ? State(work, cell.DC, 0) : default);

        TensorView x = LayerInput(call.Forward, group, lane, layer, span, chunk);
        if (!WeightGradientsBeside)
        {
            AddWeightGradients(operands, x, work, cell, gradients[index]);
        }
        else
        {
            _backend.Fork(WeightGradientQueue(lane));
            try { AddWeightGradients(operands, x, work, cell, gradients[index]); }
            finally { _backend.Return(); }
        }

        if (passToInput) { PassToInput(call, group, lane, layer, chunk, operands, cell); }
    }

    /// <summary>
    /// dW += dgates^T X, dR += dgates^T H, db += column sums. Rows run in the order of the backward loop, so that the chains of sums
    /// do not depend on the cuts between chunks.
    /// </summary>
    private void AddWeightGradients(in RecurrentChunk chunk, in TensorView x, MemoryRegion work, in CellMemory cell, in RnnLayerTensors g)
    {
        MatrixView gates = InLoopOrder(chunk.Gates.AsMatrix(), chunk.Reverse);
        if (!g.WeightIh.IsEmpty)
        {
            _backend.Gemm(gates.T, InLoopOrder(x.AsMatrix(), chunk.Reverse), default, GemmActivation.None, accumulate: true, g.WeightIh.AsMatrix());
        }

        MatrixView h = InLoopOrder(EnteringStates(chunk).AsMatrix(), chunk.Reverse);
        if (!g.WeightHh.IsEmpty) { AddRecurrentGradient(chunk, gates, h, g.WeightHh.AsMatrix()); }
        if (!Spec.Bias) { return; }
        _backend.AddColumnSums(gates, work.View(cell.DBias, new Shape(Spec.GateSize)));
        if (Layouts.HasSeparateRecurrentBias(Spec.Cell))
        {
            _backend.AddColumnSums(InLoopOrder(chunk.Extra.AsMatrix(), chunk.Reverse), work.View(cell.DBiasN, new Shape(H)));
        }
    }

    /// <summary>What multiplied R in the forward pass differs for the GRU's candidate: see <see cref="RecurrentChunk.Extra"/>.</summary>
    private void AddRecurrentGradient(in RecurrentChunk chunk, in MatrixView gates, in MatrixView h, in MatrixView dR)
    {
        if (!Layouts.HasExtra(Spec.Cell))
        {
            _backend.Gemm(gates.T, h, default, GemmActivation.None, accumulate: true, dR);
            return;
        }

        MatrixView extra = InLoopOrder(chunk.Extra.AsMatrix(), chunk.Reverse);
        bool after = Spec.Cell == CellKind.GruResetAfter;
        MatrixView candidate = after ? extra : gates.ColumnRange(2 * H, H);
        _backend.Gemm(gates.ColumnRange(0, 2 * H).T, h, default, GemmActivation.None, accumulate: true, dR.RowRange(0, 2L * H));
        _backend.Gemm(candidate.T, after ? h : extra, default, GemmActivation.None, accumulate: true, dR.RowRange(2L * H, H));
    }

    /// <summary>dX = dgates W: to the layer below, to the outputs of the group below, or to the input.</summary>
    private void PassToInput(
        in RnnBackwardCall call, int group, Lane lane, int layer, Steps chunk, in RecurrentChunk operands, in CellMemory cell)
    {
        bool bottom = IsBottom(layer);
        TensorView d = bottom
            ? StepsOf(GroupInputGradient(call, group), chunk)
            : BetweenLayers(call.Forward.Workspace, layer - 1, chunk);
        if (d.IsEmpty) { return; }
        int input = Spec.LayerInputSize(layer);
        _backend.GemmPacked(
            operands.Gates.AsMatrix(), PackedBlock(cell.PackedIhBackward, _backend.PackedMatrixBytes(Spec.GateSize, input)),
            Spec.GateSize, input, default, GemmActivation.None, accumulate: lane.Reverse, d.AsMatrix());
        if (!bottom && DropsOut)
        {
            _backend.Dropout(d, Spec.Dropout, DropoutKey(call.Forward, layer - 1), (long)chunk.First * B * H, d);
        }
    }

    private static MatrixView InLoopOrder(in MatrixView rows, bool reverse) => reverse ? rows : rows.Reversed;

    /// <summary>The slot that each step of a chunk read.</summary>
    private static TensorView EnteringStates(in RecurrentChunk chunk) => chunk.H.Rows(chunk.Reverse ? 1 : 0, chunk.Steps);

    /// <summary>Gradient of a layer's output inside a stack of one direction, of one chunk.</summary>
    private TensorView BetweenLayers(MemoryRegion work, int layer, Steps chunk)
    {
        int buffer = _memory.Between.Length > 2 ? (2 * layer) + (chunk.First / _memory.ChunkSteps % 2) : layer % 2;
        return work.View(_memory.Between[buffer], new Shape(chunk.Count, B, H));
    }

    private TensorView GroupOutputGradient(in RnnBackwardCall call, int group) =>
        group == Groups - 1 ? call.DY : BetweenGroups(call.Forward.Workspace, group);

    private TensorView GroupInputGradient(in RnnBackwardCall call, int group) =>
        group == 0 ? call.DX : BetweenGroups(call.Forward.Workspace, group - 1);

    private TensorView BetweenGroups(MemoryRegion work, int group) =>
        work.View(_memory.Between[group % 2], new Shape(Options.Steps, B, Spec.OutputSize));

    private void Check(in RnnBackwardCall call, RnnLayerTensors[] gradients)
    {
        if (!Options.Training) { throw new ArgumentException("the plan was made for inference; make one with Training to go backward"); }
        Check(call.Forward);
        int count = Spec.Layers * Spec.Directions;
        if (gradients.Length != count) { throw new ArgumentException($"{count} sets of gradients are needed, not {gradients.Length}"); }
        var state = new Shape(count, B, H);
        Check(call.DY, new Shape(Options.Steps, B, Spec.OutputSize), "dy");
        Check(call.DHT, state, "dhT");
        Check(call.DCT, state, "dcT");
        Check(call.DH0, state, "dh0");
        Check(call.DC0, state, "dc0");
        Check(call.DX, new Shape(Options.Steps, B, Spec.InputSize), "dx");
        if (!call.DX.IsEmpty && !Options.InputGradient)
        {
            throw new ArgumentException("the plan was made without InputGradient; make one with it to get dx");
        }
    }
}
