using RnnGpu.Core;
using RnnGpu.Cpu.Recurrent;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly PackRecurrentJob _packRecurrent = new();
    private readonly RecurrentJob<T>[] _forwardJobs =
    [
        new ElmanForwardJob<T>(relu: false), new ElmanForwardJob<T>(relu: true), new LstmForwardJob<T>(),
        new GruResetAfterForwardJob<T>(), new GruResetBeforeForwardJob<T>(),
    ];

    private readonly RecurrentJob<T>[] _backwardJobs =
    [
        new ElmanBackwardJob<T>(relu: false), new ElmanBackwardJob<T>(relu: true), new LstmBackwardJob<T>(),
        new GruResetAfterBackwardJob<T>(), new GruResetBeforeBackwardJob<T>(),
    ];

    public long PackedRecurrentBytes(RecurrentProblem problem) =>
        new RecurrentLayout<T>(problem.Cell, problem.Hidden).Bytes(problem.Training);

    public void PackRecurrent(in TensorView weightHh, RecurrentProblem problem, in TensorView packed)
    {
        var layout = new RecurrentLayout<T>(problem.Cell, problem.Hidden);
        Check.PackRecurrent(weightHh, problem);
        Check.Packed(packed, layout.Bytes(problem.Training));
        _packRecurrent.Run(layout, Floats(weightHh), problem.Training, Floats(packed), _team);
    }

    public long RecurrentWorkspaceBytes(RecurrentProblem problem) =>
        (2L * _team.Workers * problem.Batch * sizeof(int))
        + (problem.Cell == CellKind.GruResetBefore ? (long)problem.Batch * problem.Hidden * sizeof(float) : 0);

    public void RecurrentForward(
        in RecurrentChunk chunk, in TensorView packed, in TensorView recurrentBias, in TensorView workspace, in MatrixView y)
    {
        Check.RecurrentForward(chunk, recurrentBias, workspace, WorkspaceBytes(chunk), y);
        var layout = new RecurrentLayout<T>(chunk.Cell, chunk.Hidden);
        Check.Packed(packed, layout.Bytes(training: false));
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.RecurrentForward, Chunk = chunk, U = packed, V = recurrentBias, W = workspace, C = y };
            return;
        }

        ChunkPointers pointers = ToPointers(chunk, packed, workspace);
        pointers.Bias = Floats(recurrentBias);
        pointers.Y = Floats(y);
        pointers.YRow = y.RowStride;
        _forwardJobs[(int)chunk.Cell].Run(layout, pointers, ShareOf(chunk, backward: false), _team);
    }

    public void RecurrentBackward(
        in RecurrentChunk chunk, in TensorView packed, in MatrixView dy, in TensorView workspace, in TensorView dh, in TensorView dc)
    {
        Check.RecurrentBackward(chunk, dy, workspace, WorkspaceBytes(chunk), dh, dc);
        var layout = new RecurrentLayout<T>(chunk.Cell, chunk.Hidden);
        Check.Packed(packed, layout.Bytes(training: true));
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.RecurrentBackward, Chunk = chunk, U = packed, A = dy, W = workspace, V = dh, X = dc };
            return;
        }

        ChunkPointers pointers = ToPointers(chunk, packed, workspace);
        pointers.DY = Floats(dy);
        pointers.DYRow = dy.RowStride;
        pointers.DH = Floats(dh);
        pointers.DC = Floats(dc);
        _backwardJobs[(int)chunk.Cell].Run(layout, pointers, ShareOf(chunk, backward: true), _team);
    }

    private ChunkPointers ToPointers(in RecurrentChunk chunk, in TensorView packed, in TensorView workspace)
    {
        int* rows = Ints(workspace);
        return new ChunkPointers
        {
            Steps = chunk.Steps,
            Batch = chunk.Batch,
            StepOffset = chunk.StepOffset,
            Reverse = chunk.Reverse,
            Gates = Floats(chunk.Gates),
            Extra = Layouts.HasExtra(chunk.Cell) ? Floats(chunk.Extra) : null,
            H = Floats(chunk.H),
            C = Layouts.HasCellState(chunk.Cell) ? Floats(chunk.C) : null,
            Lengths = Ints(chunk.Lengths),
            Resets = Ints(chunk.Resets),
            Packed = Floats(packed),
            RowLists = rows,
            Workspace = (float*)(rows + (2L * _team.Workers * chunk.Batch)),
        };
    }

    private long WorkspaceBytes(in RecurrentChunk chunk) =>
        RecurrentWorkspaceBytes(new RecurrentProblem(chunk.Cell, chunk.Hidden, chunk.Batch, chunk.Steps, Training: true));

    /// <summary>Packs recurrent weights, some blocks a worker.</summary>
    private sealed class PackRecurrentJob : RangeJob
    {
        private RecurrentLayout<T> _layout;
        private float* _weight;
        private float* _packed;
        private bool _training;

        protected override long Grain => 1;

        public void Run(RecurrentLayout<T> layout, float* weight, bool training, float* packed, WorkerTeam team)
        {
            _layout = layout;
            _weight = weight;
            _training = training;
            _packed = packed;
            if (layout.Hidden < 64) { Run(0, layout.Blocks); }
            else { Over(layout.Blocks, team); }
        }

        protected override void Run(long start, long end)
        {
            for (long block = start; block < end; block++) { _layout.Pack(_weight, (int)block, _training, _packed); }
        }
    }
}
