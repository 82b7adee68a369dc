namespace RnnGpu.Core;

public sealed partial class RnnPlan
{
    /// <summary>A run of steps: first and number.</summary>
    private readonly record struct Steps(int First, int Count)
    {
        public int End => First + Count;
    }

    /// <summary>The layers that run a chunk one after another, in one direction; one of the loops that may run at the same time.</summary>
    private readonly record struct Lane(int FirstLayer, int Layers, bool Reverse, int Loop)
    {
        public int LastLayer => FirstLayer + Layers - 1;
    }

    private int H => Spec.HiddenSize;

    private int B => Options.Batch;

    /// <summary>Lanes that read one input and write one output: all layers in one direction, or one layer in two.</summary>
    private int Groups => Spec.Bidirectional ? Spec.Layers : 1;

    private Lane LaneOf(int group, int direction) =>
        Spec.Bidirectional ? new Lane(group, 1, direction == 1, DirectionsBeside ? direction : 0) : new Lane(0, Spec.Layers, false, 0);

    /// <summary>Whether a layer's outputs are its group's.</summary>
    private bool IsTop(int layer) => Spec.Bidirectional || layer == Spec.Layers - 1;

    /// <summary>Whether a layer reads its group's input.</summary>
    private bool IsBottom(int layer) => Spec.Bidirectional || layer == 0;

    private int Index(int layer, bool reverse) => (layer * Spec.Directions) + (reverse ? 1 : 0);

    /// <summary>Span number <paramref name="i"/> in the order in which a lane runs forward.</summary>
    private Steps SpanOf(int i, bool reverse)
    {
        int span = reverse ? _memory.Spans - 1 - i : i;
        int first = span * _memory.SpanSteps;
        return new Steps(first, Math.Min(_memory.SpanSteps, Options.Steps - first));
    }

    private int Chunks(Steps span) => (span.Count + _memory.ChunkSteps - 1) / _memory.ChunkSteps;

    private Steps ChunkOf(Steps span, int i, bool reverse)
    {
        int chunk = reverse ? Chunks(span) - 1 - i : i;
        int first = span.First + (chunk * _memory.ChunkSteps);
        return new Steps(first, Math.Min(_memory.ChunkSteps, span.End - first));
    }

    private MemoryRegion SpanHome(in RnnForwardCall call) => _memory.Stored ? call.Reserve : call.Workspace;

    private MemoryRegion EdgeHome(in RnnForwardCall call) => Options.Training ? call.Reserve : call.Workspace;

    /// <summary>Steps of a tensor <c>[n, B, width]</c> that begins with the span's first step.</summary>
    private TensorView InSpan(in RnnForwardCall call, long offset, Steps span, Steps chunk, int width, int extraSlots = 0) =>
        SpanHome(call).View(offset + ((long)(chunk.First - span.First) * B * width), new Shape(chunk.Count + extraSlots, B, width));

    private TensorView State(MemoryRegion home, long offset, long slot) => home.View(offset + (slot * B * H), new Shape(B, H));

    /// <summary>Slot of a span's states that the forward loop enters by.</summary>
    private TensorView EnteringSlot(in RnnForwardCall call, long offset, Steps span, bool reverse) =>
        State(SpanHome(call), offset, reverse ? span.Count : 0);

    private TensorView LeavingSlot(in RnnForwardCall call, long offset, Steps span, bool reverse) =>
        State(SpanHome(call), offset, reverse ? 0 : span.Count);

    private static TensorView LayerState(in TensorView states, int index) =>
        states.IsEmpty ? default : states.Rows(index, 1);

    private static TensorView StepsOf(in TensorView tensor, Steps steps) => tensor.IsEmpty ? default : tensor.Rows(steps.First, steps.Count);

    /// <summary>One direction's columns of a tensor <c>[n, B, D*H]</c>.</summary>
    private MatrixView DirectionOf(in TensorView tensor, bool reverse)
    {
        if (tensor.IsEmpty) { return default; }
        MatrixView whole = tensor.AsMatrix();
        return whole.ColumnRange(reverse ? H : 0, H);
    }

    /// <summary>What a group reads: the input, or the outputs of the layer below.</summary>
    private TensorView GroupInput(in RnnForwardCall call, int group) => group == 0 ? call.X : GroupOutput(call, group - 1);

    private TensorView GroupOutput(in RnnForwardCall call, int group) => group == Groups - 1
        ? call.Y
        : EdgeHome(call).View(_memory.LayerOutputs[group], new Shape(Options.Steps, B, Spec.OutputSize));

    /// <summary>What a layer reads in one chunk.</summary>
    private TensorView LayerInput(in RnnForwardCall call, int group, Lane lane, int layer, Steps span, Steps chunk) =>
        IsBottom(layer) ? StepsOf(GroupInput(call, group), chunk) : InnerInput(call, layer, span, chunk);

    /// <summary>What a layer inside a stack of one direction reads in one chunk.</summary>
    private TensorView InnerInput(in RnnForwardCall call, int layer, Steps span, Steps chunk)
    {
        long other = span.First / _memory.SpanSteps % 2 * (long)_memory.InputSteps * B * H;
        return InSpan(call, _memory.Cells[Index(layer, reverse: false)].Input + other, span, chunk, H);
    }

    private RecurrentChunk ChunkOperands(in RnnForwardCall call, Lane lane, int layer, Steps span, Steps chunk)
    {
        ref CellMemory cell = ref _memory.Cells[Index(layer, lane.Reverse)];
        return new RecurrentChunk
        {
            Cell = Spec.Cell,
            Hidden = H,
            Batch = B,
            Steps = chunk.Count,
            StepOffset = chunk.First,
            Reverse = lane.Reverse,
            Gates = InSpan(call, cell.Gates, span, chunk, Spec.GateSize),
            Extra = Layouts.HasExtra(Spec.Cell) ? InSpan(call, cell.Extra, span, chunk, H) : default,
            H = InSpan(call, cell.H, span, chunk, H, extraSlots: 1),
            C = Layouts.HasCellState(Spec.Cell) ? InSpan(call, cell.C, span, chunk, H, extraSlots: 1) : default,
            Lengths = call.Lengths,
            Resets = StepsOf(call.Resets, chunk),
        };
    }

    private TensorView RecurrentWorkspace(in RnnForwardCall call, Lane lane) =>
        call.Workspace.View(_memory.Recurrent[lane.Loop], new Shape(checked((int)((_memory.RecurrentBytes + 3) / 4))));

    /// <summary>Whether the two directions of a layer run at the same time.</summary>
    private bool DirectionsBeside => _schedule.DirectionsBeside;

    /// <summary>Whether gradients of weights run beside the loop.</summary>
    private bool WeightGradientsBeside => _schedule.WeightGradientsBeside;

    /// <summary>The side queue of a layer's reverse direction.</summary>
    private const int ReverseQueue = 0;

    /// <summary>Behind the side queues of the loops, one for each.</summary>
    private int WeightGradientQueue(Lane lane) => Math.Max(_schedule.Loops, 2) - 1 + lane.Loop;

    private RandomKey DropoutKey(in RnnForwardCall call, int layer) => call.DropoutKey with { Site = call.DropoutKey.Site + (uint)layer };

    private bool DropsOut => Options.Training && Spec.Dropout > 0;

    private void CopyOrZero(in TensorView source, in TensorView destination)
    {
        if (source.IsEmpty) { _backend.Fill(0f, destination); }
        else { _backend.Copy(source, destination); }
    }
}
