using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>GRU reset-after, forward: r and z accumulate in place, <c>q = b_hn + R_n h</c> apart, then the cell.</summary>
[SkipLocalsInit]
internal sealed unsafe class GruResetAfterForwardJob<T> : ForwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        int width = RecurrentLayout<T>.Block;
        float* bias = stackalloc float[width];
        float* h = StateRow(P.H, view.Before, 0);
        for (int block = view.Block0; block < view.Block1; block++)
        {
            Clear(bias, width);
            if (P.Bias != null) { Copy(P.Bias + ((long)block * width), bias, Layout.Units(block)); }
            MultiplyGates(view, h, Layout.Forward(P.Packed, block, 0), 2, GateRow(view.T, 0), 3L * H, block);
            Multiply(view, h, H, Layout.Forward(P.Packed, block, 2), H, bias, StateRow(P.Extra, view.T, 0), H, block);
            for (int i = 0; i < view.ActiveCount; i++) { Cell(view, view.Active[i], block); }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Cell(in StepView view, int row, int block)
    {
        int n = H, unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* gates = GateRow(view.T, row), q = StateRow(P.Extra, view.T, row);
        float* hBefore = StateRow(P.H, view.Before, row), hAfter = StateRow(P.H, view.After, row), y = OutputRow(view.T, row);
        bool clearsNext = ClearsNext(view, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            float* p = gates + unit;
            T r = Load(p, lanes), z = Load(p + n, lanes), c = Load(p + (2 * n), lanes);
            GruResetAfterCell.Forward(ref r, ref z, ref c, Load(q + unit, lanes), Load(hBefore + unit, lanes), out T hNew);
            Store(p, r, lanes);
            Store(p + n, z, lanes);
            Store(p + (2 * n), c, lanes);
            Store(hAfter + unit, clearsNext ? T.Zero : hNew, lanes);
            if (y != null) { Store(y + unit, hNew, lanes); }
        }
    }
}

/// <summary>GRU reset-after, backward: the cell, then <c>dh += [dr dz] R_rz + dq R_n</c>.</summary>
internal sealed unsafe class GruResetAfterBackwardJob<T> : BackwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Cells(in StepView view)
    {
        int n = H;
        for (int i = 0; i < view.ActiveCount; i++)
        {
            int row = view.Active[i];
            float* gates = GateRow(view.T, row), extra = StateRow(P.Extra, view.T, row);
            float* hBefore = StateRow(P.H, view.Before, row), dhRow = Row(P.DH, row);
            for (int unit = view.Unit0; unit < view.Unit1; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, view.Unit1 - unit);
                float* p = gates + unit;
                T r = Load(p, lanes), z = Load(p + n, lanes), c = Load(p + (2 * n), lanes), q = Load(extra + unit, lanes);
                T dhNew = StateGradient(view, row, unit, lanes);
                GruResetAfterCell.Backward(ref r, ref z, ref c, ref q, Load(hBefore + unit, lanes), dhNew, out T dh);
                Store(p, r, lanes);
                Store(p + n, z, lanes);
                Store(p + (2 * n), c, lanes);
                Store(extra + unit, q, lanes);
                Store(dhRow + unit, dh, lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        MultiplyBack(view, GateRow(view.T, 0), 3L * H, 0, 2L * H, null, P.DH);
        MultiplyBack(view, StateRow(P.Extra, view.T, 0), H, 2, H, null, P.DH);
    }
}
