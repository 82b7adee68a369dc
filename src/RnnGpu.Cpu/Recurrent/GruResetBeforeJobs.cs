using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>GRU reset-before, forward: two products a step, since the candidate's needs <c>p = r h</c> of all units.</summary>
internal sealed unsafe class GruResetBeforeForwardJob<T> : ForwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        float* h = StateRow(P.H, view.Before, 0);
        for (int block = view.Block0; block < view.Block1; block++)
        {
            MultiplyGates(view, h, Layout.Forward(P.Packed, block, 0), 2, GateRow(view.T, 0), 3L * H, block);
            for (int i = 0; i < view.ActiveCount; i++) { Gates(view, view.Active[i], block); }
        }

        meet?.Barrier();
        float* p = StateRow(P.Extra, view.T, 0);
        for (int block = view.Block0; block < view.Block1; block++)
        {
            Multiply(view, p, H, Layout.Forward(P.Packed, block, 2), H, null, GateRow(view.T, 0) + (2L * H), 3L * H, block);
            for (int i = 0; i < view.ActiveCount; i++) { State(view, view.Active[i], block); }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gates(in StepView view, int row, int block)
    {
        int unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* gates = GateRow(view.T, row), h = StateRow(P.H, view.Before, row), p = StateRow(P.Extra, view.T, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            T r = Load(gates + unit, lanes), z = Load(gates + H + unit, lanes);
            GruResetBeforeCell.ForwardGates(ref r, ref z, Load(h + unit, lanes), out T rh);
            Store(gates + unit, r, lanes);
            Store(gates + H + unit, z, lanes);
            Store(p + unit, rh, lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void State(in StepView view, int row, int block)
    {
        int unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* gates = GateRow(view.T, row);
        float* hBefore = StateRow(P.H, view.Before, row), hAfter = StateRow(P.H, view.After, row), y = OutputRow(view.T, row);
        bool clearsNext = ClearsNext(view, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            T z = Load(gates + H + unit, lanes), n = Load(gates + (2 * H) + unit, lanes);
            GruResetBeforeCell.ForwardState(z, ref n, Load(hBefore + unit, lanes), out T hNew);
            Store(gates + (2 * H) + unit, n, lanes);
            Store(hAfter + unit, clearsNext ? T.Zero : hNew, lanes);
            if (y != null) { Store(y + unit, hNew, lanes); }
        }
    }
}

/// <summary>GRU reset-before, backward: the state, <c>dp = dn R_n</c>, the reset gate, then <c>dh += [dr dz] R_rz</c>.</summary>
[SkipLocalsInit]
internal sealed unsafe class GruResetBeforeBackwardJob<T> : BackwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Cells(in StepView view)
    {
        for (int i = 0; i < view.ActiveCount; i++)
        {
            int row = view.Active[i];
            float* gates = GateRow(view.T, row), hBefore = StateRow(P.H, view.Before, row), dhRow = Row(P.DH, row);
            for (int unit = view.Unit0; unit < view.Unit1; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, view.Unit1 - unit);
                T z = Load(gates + H + unit, lanes), n = Load(gates + (2 * H) + unit, lanes);
                T dhNew = StateGradient(view, row, unit, lanes);
                GruResetBeforeCell.BackwardState(ref z, ref n, Load(hBefore + unit, lanes), dhNew, out T dh);
                Store(gates + H + unit, z, lanes);
                Store(gates + (2 * H) + unit, n, lanes);
                Store(dhRow + unit, dh, lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        float* zero = stackalloc float[RecurrentLayout<T>.Block];
        Clear(zero, RecurrentLayout<T>.Block);
        MultiplyBack(view, GateRow(view.T, 0) + (2L * H), 3L * H, 2, H, zero, P.Workspace);
        for (int block = view.Block0; block < view.Block1; block++)
        {
            for (int i = 0; i < view.ActiveCount; i++) { ResetGate(view, view.Active[i], block); }
        }

        meet?.Barrier();
        MultiplyBack(view, GateRow(view.T, 0), 3L * H, 0, 2L * H, null, P.DH);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ResetGate(in StepView view, int row, int block)
    {
        int unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* gates = GateRow(view.T, row), h = StateRow(P.H, view.Before, row), dp = Row(P.Workspace, row), dhRow = Row(P.DH, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            T r = Load(gates + unit, lanes), dh = Load(dhRow + unit, lanes);
            GruResetBeforeCell.BackwardGates(ref r, Load(h + unit, lanes), Load(dp + unit, lanes), ref dh);
            Store(gates + unit, r, lanes);
            Store(dhRow + unit, dh, lanes);
        }
    }
}
