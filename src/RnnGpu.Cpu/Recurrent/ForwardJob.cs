using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>What the forward steps of all cells share: rows past their end, resets of the state that the next step sees, the barrier.</summary>
internal abstract unsafe class ForwardJob<T> : RecurrentJob<T>
    where T : struct, ISimd<T>
{
    protected override bool IsBackward => false;

    protected override void Step(in StepView view, WorkerTeam? meet)
    {
        Products(view, meet);
        PassThrough(view);

        // The next step's products read all units of the state that this step's workers wrote.
        meet?.Barrier();
    }

    /// <summary>Products and cells of the active rows.</summary>
    protected abstract void Products(in StepView view, WorkerTeam? meet);

    /// <summary>Slot's row, first unit of this worker not added.</summary>
    protected float* StateRow(float* states, int slot, int row) => states + ((((long)slot * P.Batch) + row) * H);

    protected float* GateRow(int t, int row) => P.Gates + ((((long)t * P.Batch) + row) * Layout.Gates * H);

    protected float* OutputRow(int t, int row) => P.Y == null ? null : P.Y + ((((long)t * P.Batch) + row) * P.YRow);

    /// <summary>Whether the state that leaves this step is to be stored as 0, since the next step resets the row.</summary>
    protected bool ClearsNext(in StepView view, int row) => (uint)view.Next < (uint)P.Steps && Resets(view.Next, row);

    private void PassThrough(in StepView view)
    {
        int u = view.Unit0, n = view.Units;
        for (int i = 0; i < view.InactiveCount; i++)
        {
            int row = view.Inactive[i];
            float* h = StateRow(P.H, view.After, row) + u;
            if (ClearsNext(view, row)) { Clear(h, n); }
            else { Copy(StateRow(P.H, view.Before, row) + u, h, n); }

            if (P.C != null) { Copy(StateRow(P.C, view.Before, row) + u, StateRow(P.C, view.After, row) + u, n); }
            if (P.Y != null) { Clear(OutputRow(view.T, row) + u, n); }
            if (P.Extra != null) { Clear(StateRow(P.Extra, view.T, row) + u, n); }
        }
    }
}
