using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>LSTM, forward: <c>gates += h R^T</c>, then <see cref="LstmCell.Forward{T}"/>, block by block.</summary>
internal sealed unsafe class LstmForwardJob<T> : ForwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        float* h = StateRow(P.H, view.Before, 0);
        for (int block = view.Block0; block < view.Block1; block++)
        {
            MultiplyGates(view, h, Layout.Forward(P.Packed, block, 0), 4, GateRow(view.T, 0), 4L * H, block);
            for (int i = 0; i < view.ActiveCount; i++) { Cell(view, view.Active[i], block); }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Cell(in StepView view, int row, int block)
    {
        int n = H, unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* gates = GateRow(view.T, row);
        float* cBefore = StateRow(P.C, view.Before, row), cAfter = StateRow(P.C, view.After, row);
        float* hAfter = StateRow(P.H, view.After, row), y = OutputRow(view.T, row);
        bool reset = Resets(view.T, row), clearsNext = ClearsNext(view, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            float* p = gates + unit;
            T i = Load(p, lanes), f = Load(p + n, lanes), g = Load(p + (2 * n), lanes), o = Load(p + (3 * n), lanes);
            T c = reset ? T.Zero : Load(cBefore + unit, lanes);
            LstmCell.Forward(ref i, ref f, ref g, ref o, c, out T cNew, out T hNew);
            Store(p, i, lanes);
            Store(p + n, f, lanes);
            Store(p + (2 * n), g, lanes);
            Store(p + (3 * n), o, lanes);
            Store(cAfter + unit, cNew, lanes);
            Store(hAfter + unit, clearsNext ? T.Zero : hNew, lanes);
            if (y != null) { Store(y + unit, hNew, lanes); }
        }
    }
}

/// <summary>LSTM, backward: <see cref="LstmCell.Backward{T}"/>, then <c>dh = dgates R</c>.</summary>
[SkipLocalsInit]
internal sealed unsafe class LstmBackwardJob<T> : BackwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Cells(in StepView view)
    {
        int n = H;
        for (int r = 0; r < view.ActiveCount; r++)
        {
            int row = view.Active[r];
            float* gates = GateRow(view.T, row);
            float* cBefore = StateRow(P.C, view.Before, row), cAfter = StateRow(P.C, view.After, row), dcRow = Row(P.DC, row);
            bool reset = Resets(view.T, row);
            for (int unit = view.Unit0; unit < view.Unit1; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, view.Unit1 - unit);
                float* p = gates + unit;
                T i = Load(p, lanes), f = Load(p + n, lanes), g = Load(p + (2 * n), lanes), o = Load(p + (3 * n), lanes);
                T c = reset ? T.Zero : Load(cBefore + unit, lanes);
                T dc = Load(dcRow + unit, lanes);
                LstmCell.Backward(ref i, ref f, ref g, ref o, c, Load(cAfter + unit, lanes), StateGradient(view, row, unit, lanes), ref dc);
                Store(p, i, lanes);
                Store(p + n, f, lanes);
                Store(p + (2 * n), g, lanes);
                Store(p + (3 * n), o, lanes);
                Store(dcRow + unit, dc, lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        float* zero = stackalloc float[RecurrentLayout<T>.Block];
        Clear(zero, RecurrentLayout<T>.Block);
        MultiplyBack(view, GateRow(view.T, 0), 4L * H, 0, 4L * H, zero, P.DH);
    }
}
