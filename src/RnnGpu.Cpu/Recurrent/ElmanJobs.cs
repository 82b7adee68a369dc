using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Gemm;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>Elman network, forward: <c>a += h R^T</c>, then tanh or ReLU. The activated "gate" is the new state itself.</summary>
internal sealed unsafe class ElmanForwardJob<T>(bool relu) : ForwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        for (int first = view.Block0; first < view.Block1; first += Row<T>.MaxPanels)
        {
            int end = Math.Min(first + Row<T>.MaxPanels, view.Block1);
            MultiplyBlocks(
                view, StateRow(P.H, view.Before, 0), H, Layout.Forward(P.Packed, first, 0), (long)H * RecurrentLayout<T>.Block, H, null, GateRow(view.T, 0), first, end);
            for (int i = 0; i < view.ActiveCount; i++)
            {
                for (int block = first; block < end; block++) { Cell(view, view.Active[i], block); }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Cell(in StepView view, int row, int block)
    {
        int unit = block * RecurrentLayout<T>.Block, end = unit + Layout.Units(block);
        float* a = GateRow(view.T, row), hAfter = StateRow(P.H, view.After, row), y = OutputRow(view.T, row);
        bool clearsNext = ClearsNext(view, row);
        for (; unit < end; unit += T.Width)
        {
            int lanes = Math.Min(T.Width, end - unit);
            T x = Load(a + unit, lanes);
            T h = relu ? ElmanCell.ForwardRelu(x) : ElmanCell.ForwardTanh(x);
            Store(a + unit, h, lanes);
            Store(hAfter + unit, clearsNext ? T.Zero : h, lanes);
            if (y != null) { Store(y + unit, h, lanes); }
        }
    }
}

/// <summary>Elman network, backward: the slope, then <c>dh = da R</c>.</summary>
[SkipLocalsInit]
internal sealed unsafe class ElmanBackwardJob<T>(bool relu) : BackwardJob<T>
    where T : struct, ISimd<T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Cells(in StepView view)
    {
        for (int r = 0; r < view.ActiveCount; r++)
        {
            int row = view.Active[r];
            float* a = GateRow(view.T, row);
            for (int unit = view.Unit0; unit < view.Unit1; unit += T.Width)
            {
                int lanes = Math.Min(T.Width, view.Unit1 - unit);
                T h = Load(a + unit, lanes), dh = StateGradient(view, row, unit, lanes);
                Store(a + unit, relu ? ElmanCell.BackwardRelu(h, dh) : ElmanCell.BackwardTanh(h, dh), lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Products(in StepView view, WorkerTeam? meet)
    {
        float* zero = stackalloc float[RecurrentLayout<T>.Block];
        Clear(zero, RecurrentLayout<T>.Block);
        MultiplyBack(view, GateRow(view.T, 0), H, 0, H, zero, P.DH);
    }
}
