using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using RnnGpu.Cuda.Streams;

namespace RnnGpu.Cuda;

/// <summary>Everything that the launches of a chunk's steps depend on; the rest stands in the chunk's description.</summary>
internal readonly record struct StepsKey(bool Backward, CellKind Cell, int Hidden, int Batch, int Steps, ulong Packed, ulong Workspace);

public sealed unsafe partial class CudaBackend
{
    private const int PrepareThreads = 256;

    private readonly Kernel<RecurrentPrepareParams>[] _prepare =
        ProductLayout.ForEachMode(mode => new Kernel<RecurrentPrepareParams>("prepare", $"recurrent_prepare_{mode}"));

    private readonly StepKernels _elmanForward = new("elman", "elman_fwd_step", gates: 1);
    private readonly StepKernels _elmanBackward = new("elman", "elman_bwd_step", gates: 1);
    private readonly StepKernels _lstmForward = new("lstm", "lstm_fwd_step", gates: 4);
    private readonly StepKernels _lstmBackward = new("lstm", "lstm_bwd_step", gates: 1);
    private readonly StepKernels _gruForward = new("gru", "gru_fwd_step", gates: 3);
    private readonly StepKernels _gruBackward = new("gru", "gru_bwd_step", gates: 1);
    private readonly StepKernels _gruBeforeForwardGates = new("gru_before", "gru_before_fwd_gates_step", gates: 2);
    private readonly StepKernels _gruBeforeForwardState = new("gru_before", "gru_before_fwd_state_step", gates: 1);
    private readonly StepKernels _gruBeforeBackwardState = new("gru_before", "gru_before_bwd_state_step", gates: 1);
    private readonly StepKernels _gruBeforeBackwardGates = new("gru_before", "gru_before_bwd_gates_step", gates: 1);
    private readonly GraphCache<StepsKey> _steps = new();

    /// <inheritdoc/>
    public bool Supports(RecurrentProblem problem) => Check.Recurrent(problem);

    /// <inheritdoc/>
    public long PackedRecurrentBytes(RecurrentProblem problem) => LayoutOf(problem.Cell, problem.Hidden).PackedBytes(problem.Training);

    /// <inheritdoc/>
    public void PackRecurrent(in TensorView weightHh, RecurrentProblem problem, in TensorView packed)
    {
        RecurrentLayout layout = LayoutOf(problem.Cell, problem.Hidden);
        Check.PackRecurrent(weightHh, problem);
        CheckPacked(packed, layout.PackedBytes(problem.Training));
        long h = problem.Hidden;
        for (int i = 0; i < layout.Products; i++)
        {
            StepGates gates = layout.Gates(i);
            ulong source = Pointer(weightHh) + (ulong)(gates.First * h * h * 4);
            var forward = new PackParams
            {
                Source = source,
                Packed = Pointer(packed) + (ulong)(layout.Forward(i) * 4),
                RowStride = h,
                InnerStride = 1,
                GateStride = h * h,
                Rows = h,
                Inner = h,
                PaddedRows = layout.PaddedHidden,
                Pitch = layout.Pitch(1),
            };
            Pack(forward, gates.Count);
            if (!problem.Training) { continue; }
            var backward = new PackParams
            {
                Source = source,
                Packed = Pointer(packed) + (ulong)(layout.Backward(i) * 4),
                RowStride = 1,
                InnerStride = h,
                Rows = h,
                Inner = gates.Count * h,
                PaddedRows = layout.PaddedHidden,
                Pitch = layout.Pitch(gates.Count),
            };
            Pack(backward, gates: 1);
        }
    }

    /// <inheritdoc/>
    public long RecurrentWorkspaceBytes(RecurrentProblem problem) =>
        LayoutOf(problem.Cell, problem.Hidden).WorkspaceBytes(problem.Training, problem.Batch);

    /// <inheritdoc/>
    public void RecurrentForward(
        in RecurrentChunk chunk, in TensorView packed, in TensorView recurrentBias, in TensorView workspace, in MatrixView y)
    {
        RecurrentLayout layout = LayoutOf(chunk.Cell, chunk.Hidden);
        Check.RecurrentForward(chunk, recurrentBias, workspace, layout.WorkspaceBytes(training: false, chunk.Batch), y);
        CheckPacked(packed, layout.PackedBytes(training: false));
        RecurrentChunkParams operands = Operands(chunk, y);
        operands.Bias = Pointer(recurrentBias);
        Run(layout, chunk, operands, packed, workspace, backward: false);
    }

    /// <inheritdoc/>
    public void RecurrentBackward(
        in RecurrentChunk chunk, in TensorView packed, in MatrixView dy, in TensorView workspace, in TensorView dh, in TensorView dc)
    {
        RecurrentLayout layout = LayoutOf(chunk.Cell, chunk.Hidden);
        Check.RecurrentBackward(chunk, dy, workspace, layout.WorkspaceBytes(training: true, chunk.Batch), dh, dc);
        CheckPacked(packed, layout.PackedBytes(training: true));
        RecurrentChunkParams operands = Operands(chunk, dy);
        operands.DH = Pointer(dh);
        operands.DC = Layouts.HasCellState(chunk.Cell) ? Pointer(dc) : 0;
        Run(layout, chunk, operands, packed, workspace, backward: true);
    }

    private RecurrentLayout LayoutOf(CellKind cell, int hidden) => new(Mode, cell, hidden);

    private static RecurrentChunkParams Operands(in RecurrentChunk chunk, in MatrixView y) => new()
    {
        Gates = Pointer(chunk.Gates),
        Extra = Layouts.HasExtra(chunk.Cell) ? Pointer(chunk.Extra) : 0,
        H = Pointer(chunk.H),
        C = Layouts.HasCellState(chunk.Cell) ? Pointer(chunk.C) : 0,
        Y = Pointer(y),
        Lengths = Pointer(chunk.Lengths),
        Resets = Pointer(chunk.Resets),
        YRow = y.RowStride,
        StepOffset = chunk.StepOffset,
        Reverse = chunk.Reverse ? 1 : 0,
    };

    /// <summary>One launch that describes the chunk, then its steps: replayed as a graph if the same steps ran before.</summary>
    private void Run(
        in RecurrentLayout layout, in RecurrentChunk chunk, in RecurrentChunkParams operands, in TensorView packed, in TensorView workspace, bool backward)
    {
        ulong description = Pointer(workspace), copies = description + RecurrentLayout.DescriptionBytes;
        if (description % 16 != 0) { throw new ArgumentException($"the workspace starts at a multiple of 16 bytes, but {workspace} does not"); }
        var prepare = new RecurrentPrepareParams
        {
            Chunk = operands,
            Description = description,
            Copies = copies,
            Words = layout.CopyWords(backward, chunk.Batch) + RecurrentLayout.ArrivalWords(chunk.Batch),
            Pitch = layout.Pitch(1),
            Entering = backward ? 0 : 1,
            Batch = chunk.Batch,
            Hidden = chunk.Hidden,
            Steps = chunk.Steps,
        };
        _queue.Launch(
            _prepare[(int)Mode], new Dim3(checked((int)ProductLayout.Tiles(prepare.Words, PrepareThreads))), new Dim3(PrepareThreads), 0, prepare);

        var loop = new StepLoop(layout, chunk, Pointer(packed), description, copies, _context.Device.Multiprocessors);
        if (chunk.Steps == 1)
        {
            QueueSteps(loop, backward);
            return;
        }

        if (Persistent(layout, chunk.Batch, chunk.Steps, backward) is { } shape)
        {
            LaunchPersistent(loop, shape, backward);
            return;
        }

        var key = new StepsKey(backward, chunk.Cell, chunk.Hidden, chunk.Batch, chunk.Steps, Pointer(packed), description);
        if (_steps.Replay(_queue, key)) { return; }
        using GraphRecording<StepsKey> recording = _steps.Record(_queue, key);
        QueueSteps(loop, backward);
        recording.Finish();
    }

    private void QueueSteps(in StepLoop loop, bool backward)
    {
        switch (loop.Layout.Cell)
        {
            case CellKind.ElmanTanh or CellKind.ElmanRelu:
                QueueSteps(loop, backward, backward ? _elmanBackward : _elmanForward);
                break;
            case CellKind.Lstm:
                QueueSteps(loop, backward, backward ? _lstmBackward : _lstmForward);
                break;
            case CellKind.GruResetAfter:
                QueueSteps(loop, backward, backward ? _gruBackward : _gruForward);
                break;
            case CellKind.GruResetBefore when backward:
                QueueGruBeforeBackward(loop);
                break;
            default:
                QueueGruBeforeForward(loop);
                break;
        }
    }

    /// <summary>
    /// Cells of one launch a step. Forward, a launch multiplies the state that the one before left and runs the cell. Backward it multiplies the gate gradients
    /// that the one before left and runs the cell, so the loop is one launch longer: the first has nothing to multiply, the last no cell.
    /// </summary>
    private void QueueSteps(in StepLoop loop, bool backward, StepKernels kernels)
    {
        int gates = loop.Layout.Gates(0).Count;
        long weights = backward ? loop.Layout.Backward(0) : loop.Layout.Forward(0);
        int blocks = backward ? gates : 1, steps = backward ? loop.Steps + 1 : loop.Steps;
        for (int s = 0; s < steps; s++)
        {
            RecurrentStepParams p = loop.Step(s, weights, blocks);
            p.From = loop.Copy(blocks, backward ? (s + 1) % 2 : s % 2);
            p.To = s == steps - 1 ? 0 : loop.Copy(blocks, backward ? s % 2 : (s + 1) % 2);
            p.ToPitch = p.Pitch;
            Launch(kernels, loop, p);
        }
    }

    private void QueueGruBeforeForward(in StepLoop loop)
    {
        ulong reset = loop.Copy(1, 2);
        for (int s = 0; s < loop.Steps; s++)
        {
            RecurrentStepParams gates = loop.Step(s, loop.Layout.Forward(0), 1);
            gates.From = loop.Copy(1, s % 2);
            gates.To = reset;
            gates.ToPitch = gates.Pitch;
            Launch(_gruBeforeForwardGates, loop, gates);

            RecurrentStepParams state = loop.Step(s, loop.Layout.Forward(1), 1);
            state.From = reset;
            state.To = s == loop.Steps - 1 ? 0 : loop.Copy(1, (s + 1) % 2);
            state.ToPitch = state.Pitch;
            Launch(_gruBeforeForwardState, loop, state);
        }
    }

    private void QueueGruBeforeBackward(in StepLoop loop)
    {
        ulong candidate = loop.Copy(2, 2);
        for (int s = 0; s <= loop.Steps; s++)
        {
            RecurrentStepParams state = loop.Step(s, loop.Layout.Backward(0), 2);
            state.From = loop.Copy(2, (s + 1) % 2);
            state.To = loop.Copy(2, s % 2);
            state.ToPitch = state.Pitch;
            state.Second = candidate;
            state.SecondPitch = loop.Layout.Pitch(1);
            Launch(_gruBeforeBackwardState, loop, state);
            if (s == loop.Steps) { break; }

            RecurrentStepParams gates = loop.Step(s, loop.Layout.Backward(1), 1);
            gates.From = candidate;
            gates.To = state.To;
            gates.ToPitch = state.Pitch;
            Launch(_gruBeforeBackwardGates, loop, gates);
        }
    }

    private void Launch(StepKernels kernels, in StepLoop loop, in RecurrentStepParams p)
    {
        StepTile tile = StepTile.Of(Mode, loop.Large);
        var grid = new Dim3((int)ProductLayout.Tiles(p.Hidden, tile.Units), (int)ProductLayout.Tiles(p.Batch, tile.Rows));
        _queue.Launch(kernels.For(Mode, loop.Large), grid, new Dim3(tile.Threads), tile.SharedBytes(Mode, kernels.Gates), p);
    }
}

/// <summary>One step's kernel in every mode and tile.</summary>
internal sealed class StepKernels(string family, string name, int gates)
{
    private readonly Kernel<RecurrentStepParams>[] _small = Make(family, name, large: false);
    private readonly Kernel<RecurrentStepParams>[] _large = Make(family, name, large: true);

    /// <summary>Gates that its product computes of each unit.</summary>
    public int Gates => gates;

    /// <summary>All of them.</summary>
    public IEnumerable<Kernel<RecurrentStepParams>> All => _small.Concat(_large);

    public Kernel<RecurrentStepParams> For(ComputeMode mode, bool large) => (large ? _large : _small)[(int)mode];

    private static Kernel<RecurrentStepParams>[] Make(string family, string name, bool large)
    {
        var kernels = new Kernel<RecurrentStepParams>[4];
        foreach (ComputeMode mode in Enum.GetValues<ComputeMode>())
        {
            string suffix = ProductLayout.Suffix(mode);
            kernels[(int)mode] = new Kernel<RecurrentStepParams>($"{family}_{suffix}", $"{name}_{suffix}_{StepTile.Of(mode, large).Name}");
        }

        return kernels;
    }
}

/// <summary>A loop's kernel in every mode and tile.</summary>
internal sealed class LoopKernels
{
    private readonly Kernel<RecurrentLoopParams>[] _small, _large;

    public LoopKernels(string family, string name)
    {
        Kernel<RecurrentLoopParams>[] Make(bool large) =>
        [
            .. Enum.GetValues<ComputeMode>().Select(mode => new Kernel<RecurrentLoopParams>(
                $"{family}_persistent_{ProductLayout.Suffix(mode)}", $"{name}_persistent_{ProductLayout.Suffix(mode)}_{StepTile.Of(mode, large).Name}")),
        ];
        (_small, _large) = (Make(large: false), Make(large: true));
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Kernel<RecurrentLoopParams>> All => _small.Concat(_large);

    public Kernel<RecurrentLoopParams> For(ComputeMode mode, bool large) => (large ? _large : _small)[(int)mode];
}

/// <summary>What the launches of a chunk's steps have in common.</summary>
internal readonly struct StepLoop(RecurrentLayout layout, in RecurrentChunk chunk, ulong packed, ulong description, ulong copies, int multiprocessors)
{
    public readonly RecurrentLayout Layout = layout;
    public readonly ulong Chunk = description;
    public readonly ulong Packed = packed;
    public readonly int Batch = chunk.Batch;
    public readonly int Steps = chunk.Steps;
    public readonly bool Large = StepTile.ChooseLarge(layout.Mode, chunk.Batch, chunk.Hidden, multiprocessors);

    /// <summary>Copy number <paramref name="index"/>: 0 and 1 have rows of <paramref name="blocks"/> blocks of H factors, 2 comes behind them.</summary>
    public ulong Copy(int blocks, int index) => copies + ((ulong)Layout.Pitch(blocks) * (ulong)Batch * (ulong)index * 4);

    /// <summary>A step whose product sums over <paramref name="blocks"/> blocks of H.</summary>
    public RecurrentStepParams Step(int step, long weights, int blocks) => new()
    {
        Chunk = Chunk,
        Weights = Packed + (ulong)(weights * 4),
        Batch = Batch,
        Hidden = Layout.Hidden,
        Steps = Steps,
        Step = step,
        Depth = blocks * Layout.Hidden,
        Pitch = Layout.Pitch(blocks),
        Variant = Layout.Cell == CellKind.ElmanRelu ? 1 : 0,
    };
}
