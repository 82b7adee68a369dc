namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Sizes that every backend can run.</summary>
    public static bool Recurrent(RecurrentProblem problem) => problem.Hidden > 0 && problem.Batch > 0 && problem.Steps > 0;

    /// <summary>Weights of <see cref="IBackend.PackRecurrent"/>.</summary>
    public static void PackRecurrent(in TensorView weightHh, RecurrentProblem problem)
    {
        if (weightHh.Length != (long)Layouts.Gates(problem.Cell) * problem.Hidden * problem.Hidden)
        {
            Fail(nameof(PackRecurrent), $"recurrent weights of {problem.Cell} with H {problem.Hidden} are [G*H, H], not {weightHh}");
        }
    }

    /// <summary>Arguments of <see cref="IBackend.RecurrentForward"/>.</summary>
    /// <param name="chunk">As there; likewise the others.</param>
    /// <param name="workspaceBytes">Bytes that the backend needs.</param>
    public static void RecurrentForward(
        in RecurrentChunk chunk, in TensorView recurrentBias, in TensorView workspace, long workspaceBytes, in MatrixView y)
    {
        Chunk(chunk, workspace, workspaceBytes, y);
        if (!recurrentBias.IsEmpty && recurrentBias.Length != chunk.Hidden)
        {
            throw new ArgumentException($"the recurrent bias has H = {chunk.Hidden} elements, not {recurrentBias}");
        }
    }

    /// <summary>Arguments of <see cref="IBackend.RecurrentBackward"/>.</summary>
    /// <param name="chunk">As there; likewise the others.</param>
    /// <param name="workspaceBytes">Bytes that the backend needs.</param>
    public static void RecurrentBackward(
        in RecurrentChunk chunk, in MatrixView dy, in TensorView workspace, long workspaceBytes, in TensorView dh, in TensorView dc)
    {
        Chunk(chunk, workspace, workspaceBytes, dy);
        State(dh, chunk, "dh", slots: 1);
        if (Layouts.HasCellState(chunk.Cell)) { State(dc, chunk, "dc", slots: 1); }
    }

    private static void Chunk(in RecurrentChunk chunk, in TensorView workspace, long workspaceBytes, in MatrixView y)
    {
        var problem = new RecurrentProblem(chunk.Cell, chunk.Hidden, chunk.Batch, chunk.Steps, Training: false);
        if (!Recurrent(problem)) { throw new ArgumentException($"hidden, batch and steps must be positive: {problem}"); }
        long rows = (long)chunk.Steps * chunk.Batch;
        Length(chunk.Gates, rows * Layouts.Gates(chunk.Cell) * chunk.Hidden, "gates");
        State(chunk.H, chunk, "h", chunk.Steps + 1);
        if (Layouts.HasCellState(chunk.Cell)) { State(chunk.C, chunk, "c", chunk.Steps + 1); }
        if (Layouts.HasExtra(chunk.Cell)) { State(chunk.Extra, chunk, "extra", chunk.Steps); }
        if (!chunk.Lengths.IsEmpty) { Length(chunk.Lengths, chunk.Batch, "lengths"); }
        if (!chunk.Resets.IsEmpty) { Length(chunk.Resets, rows, "resets"); }
        if (workspace.Length * 4 < workspaceBytes) { throw new ArgumentException($"the workspace needs {workspaceBytes} bytes, not {workspace}"); }
        if (!y.IsEmpty && (y.IsTransposed || y.StoredRows != rows || y.StoredColumns != chunk.Hidden))
        {
            throw new ArgumentException($"outputs of {rows} rows and H {chunk.Hidden} do not fit {y}");
        }
    }

    private static void State(in TensorView state, in RecurrentChunk chunk, string name, int slots) =>
        Length(state, (long)slots * chunk.Batch * chunk.Hidden, name);

    private static void Length(in TensorView view, long length, string name)
    {
        if (view.Length != length) { throw new ArgumentException($"{name} must have {length} elements, not {view}"); }
    }
}
