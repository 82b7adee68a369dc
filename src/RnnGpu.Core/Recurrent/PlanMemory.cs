namespace RnnGpu.Core;

/// <summary>Where a layer's tensors of one direction lie. Offsets in elements; "span" tensors hold one span of steps.</summary>
internal struct CellMemory
{
    /// <summary>In reserve when stored, else in workspace: gates [n, B, G*H], h and c [n+1, B, H], extra [n, B, H], input [n, B, H].</summary>
    public long Gates, H, C, Extra, Input;

    /// <summary>States at the spans' ends: [spans+1, B, H] in reserve when recomputing, [1, B, H] in workspace for inference.</summary>
    public long EdgeH, EdgeC;

    /// <summary>In workspace: gradients carried back through time [B, H], gradients of the biases [G*H] and of b_hn [H].</summary>
    public long DH, DC, DBias, DBiasN;

    /// <summary>In the packed region.</summary>
    public long PackedIh, PackedIhBackward, PackedHh, Bias;
}

/// <summary>How steps are cut, and where everything lies: the outcome of planning, for one span length.</summary>
internal sealed class PlanMemory
{
    public required int SpanSteps { get; init; }

    public required int ChunkSteps { get; init; }

    public required int Spans { get; init; }

    /// <summary>Span tensors lie in the reserve and hold all steps.</summary>
    public required bool Stored { get; init; }

    public required CellMemory[] Cells { get; init; }

    /// <summary>Outputs of the layers below the top, bidirectional stacks only: [T, B, 2H] each.</summary>
    public required long[] LayerOutputs { get; init; }

    /// <summary>
    /// Gradients between layers: two buffers in turn, of one chunk (one direction) or all steps (two directions). In a wavefront, two of one chunk for each
    /// layer: one is written while the stage below reads the other.
    /// </summary>
    public required long[] Between { get; init; }

    /// <summary>Workspace of the recurrence, of each loop that runs at the same time.</summary>
    public required long[] Recurrent { get; init; }

    /// <summary>Steps from a span's input to that of the next: 0, or where a stage writes that of the next span while one reads, their length.</summary>
    public required int InputSteps { get; init; }

    /// <summary>Bytes of each.</summary>
    public required long RecurrentBytes { get; init; }

    public required MemoryLayout Reserve { get; init; }

    public required MemoryLayout Workspace { get; init; }

    public required MemoryLayout Packed { get; init; }

    public long Bytes => Reserve.Bytes + Workspace.Bytes + Packed.Bytes;

    /// <summary>Lays out everything for spans of <paramref name="spanSteps"/>.</summary>
    public static PlanMemory Make(IBackend backend, RnnSpec spec, RnnPlanOptions options, StackSchedule schedule, int spanSteps)
    {
        int t = options.Steps, b = options.Batch, h = spec.HiddenSize, gh = spec.GateSize;
        bool training = options.Training, stored = training && spanSteps >= t;
        int span = Math.Min(spanSteps, t), spans = (t + span - 1) / span, chunk = Math.Min(schedule.ChunkSteps, span);
        long state = (long)b * h;
        var reserve = new MemoryLayout();
        var workspace = new MemoryLayout();
        var packed = new MemoryLayout();
        MemoryLayout spanHome = stored ? reserve : workspace;
        var cells = new CellMemory[spec.Layers * spec.Directions];
        var problem = new RecurrentProblem(spec.Cell, h, b, chunk, training);
        bool beside = schedule.DirectionsBeside;

        // In a span of one chunk, the stage that writes the next span's input works beside the one that reads this one's.
        int inputSteps = schedule.Stages > 1 && !stored && chunk == span ? span : 0;

        for (int layer = 0; layer < spec.Layers; layer++)
        {
            for (int direction = 0; direction < spec.Directions; direction++)
            {
                int index = (layer * spec.Directions) + direction;
                string name = $"layer {layer}{(direction == 1 ? " reverse" : "")}: ";
                ref CellMemory cell = ref cells[index];

                // Without a reserve, the layers of a bidirectional stack share span memory, and so do directions that run one after another.
                int sharesWith = beside ? direction : 0;
                if (!stored && spec.Bidirectional && index > sharesWith)
                {
                    ref CellMemory first = ref cells[sharesWith];
                    (cell.Gates, cell.H, cell.C, cell.Extra) = (first.Gates, first.H, first.C, first.Extra);
                }
                else
                {
                    cell.Gates = spanHome.Add(name + "gates", span * (long)b * gh);
                    cell.H = spanHome.Add(name + "states", (span + 1) * state);
                    if (Layouts.HasCellState(spec.Cell)) { cell.C = spanHome.Add(name + "cell states", (span + 1) * state); }
                    if (Layouts.HasExtra(spec.Cell)) { cell.Extra = spanHome.Add(name + "reset products", span * state); }
                }

                if (layer > 0 && !spec.Bidirectional) { cell.Input = spanHome.Add(name + "input", (span + inputSteps) * state); }
                if (!stored)
                {
                    MemoryLayout edges = training ? reserve : workspace;
                    long count = training ? spans + 1L : 1;
                    cell.EdgeH = edges.Add(name + "states between spans", count * state);
                    if (Layouts.HasCellState(spec.Cell)) { cell.EdgeC = edges.Add(name + "cell states between spans", count * state); }
                }

                if (training)
                {
                    cell.DH = workspace.Add(name + "state gradient", state);
                    if (Layouts.HasCellState(spec.Cell)) { cell.DC = workspace.Add(name + "cell state gradient", state); }
                    if (spec.Bias) { cell.DBias = workspace.Add(name + "bias gradient", gh); }
                    if (spec.Bias && Layouts.HasSeparateRecurrentBias(spec.Cell)) { cell.DBiasN = workspace.Add(name + "b_hn gradient", h); }
                }

                int input = spec.LayerInputSize(layer);
                cell.PackedIh = packed.AddBytes(name + "W", backend.PackedMatrixBytes(input, gh));
                cell.PackedHh = packed.AddBytes(name + "R", backend.PackedRecurrentBytes(problem));
                if (training && (layer > 0 || options.InputGradient))
                {
                    cell.PackedIhBackward = packed.AddBytes(name + "W for gradients", backend.PackedMatrixBytes(gh, input));
                }

                if (spec.Bias) { cell.Bias = packed.Add(name + "bias", gh); }
            }
        }

        bool between = spec.Layers > 1;
        var outputs = new long[spec.Layers];
        for (int layer = 0; spec.Bidirectional && layer < spec.Layers - 1; layer++)
        {
            outputs[layer] = (training ? reserve : workspace).Add($"layer {layer}: output", (long)t * b * spec.OutputSize);
        }

        long betweenSize = training && between ? (spec.Bidirectional ? t : chunk) * (long)b * spec.OutputSize : 0;
        var betweenLayers = new long[schedule.Stages > 1 && stored ? 2 * spec.Layers : 2];
        for (int i = 0; i < betweenLayers.Length; i++)
        {
            bool used = betweenLayers.Length > 2 ? i < betweenLayers.Length - 2 : i == 0 || spec.Layers > 2;
            betweenLayers[i] = workspace.Add($"gradient between layers, {i}", used ? betweenSize : 0);
        }

        long recurrentBytes = backend.RecurrentWorkspaceBytes(problem);
        var recurrent = new long[schedule.Loops];
        for (int loop = 0; loop < recurrent.Length; loop++)
        {
            recurrent[loop] = workspace.AddBytes(loop == 0 ? "recurrence" : $"recurrence, beside {loop}", recurrentBytes);
        }

        return new PlanMemory
        {
            SpanSteps = span,
            ChunkSteps = chunk,
            Spans = spans,
            Stored = stored,
            Cells = cells,
            LayerOutputs = outputs,
            Between = betweenLayers,
            Recurrent = recurrent,
            InputSteps = inputSteps,
            RecurrentBytes = recurrentBytes,
            Reserve = reserve,
            Workspace = workspace,
            Packed = packed,
        };
    }
}
