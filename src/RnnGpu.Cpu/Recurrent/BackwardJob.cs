using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>What the backward steps of all cells share.</summary>
internal abstract unsafe class BackwardJob<T> : RecurrentJob<T>
    where T : struct, ISimd<T>
{
    protected override bool IsBackward => true;

    /// <summary>Cells back: gradients of the pre-activations of this worker's units, for the active rows.</summary>
    protected abstract void Cells(in StepView view);

    /// <summary>Products back: the gradient of the entering state of this worker's units, from all units' gate gradients.</summary>
    protected abstract void Products(in StepView view, WorkerTeam? meet);

    protected override void Step(in StepView view, WorkerTeam? meet)
    {
        Cells(view);
        ClearInactive(view);
        meet?.Barrier();
        Products(view, meet);
        CutAtResets(view);
    }

    /// <summary><c>C[rows] = init + A[rows] R</c>, or <c>+=</c> with init null, with the rows of R from a gate's first on, for this worker's units.</summary>
    protected void MultiplyBack(in StepView view, float* a, long aRow, int gate, long k, float* init, float* c) => MultiplyBlocks(
        view, a, aRow, Layout.Backward(P.Packed, view.Block0, gate), (long)Layout.Gates * H * RecurrentLayout<T>.Block, k, init, c, view.Block0, view.Block1);

    protected float* GateRow(int t, int row) => P.Gates + ((((long)t * P.Batch) + row) * Layout.Gates * H);

    protected float* StateRow(float* states, int slot, int row) => states + ((((long)slot * P.Batch) + row) * H);

    protected float* Row(float* matrix, int row) => matrix + ((long)row * H);

    /// <summary>Gradient of the state that leaves the step: what came back through time, and the output's.</summary>
    protected T StateGradient(in StepView view, int row, int unit, int lanes)
    {
        T dh = Load(Row(P.DH, row) + unit, lanes);
        return P.DY == null ? dh : dh + Load(P.DY + ((((long)view.T * P.Batch) + row) * P.DYRow) + unit, lanes);
    }

    private void ClearInactive(in StepView view)
    {
        for (int i = 0; i < view.InactiveCount; i++)
        {
            float* gates = GateRow(view.T, view.Inactive[i]) + view.Unit0;
            for (int g = 0; g < Layout.Gates; g++) { Clear(gates + ((long)g * H), view.Units); }
        }
    }

    /// <summary>Where a step reset a row, nothing flows to the state before it.</summary>
    private void CutAtResets(in StepView view)
    {
        if (P.Resets == null) { return; }
        for (int i = 0; i < view.ActiveCount; i++)
        {
            int row = view.Active[i];
            if (!Resets(view.T, row)) { continue; }
            Clear(Row(P.DH, row) + view.Unit0, view.Units);
            if (P.DC != null) { Clear(Row(P.DC, row) + view.Unit0, view.Units); }
        }
    }
}
