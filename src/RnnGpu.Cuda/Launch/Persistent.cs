using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

/// <summary>What decides whether and how a loop runs in one launch.</summary>
internal readonly record struct PersistentKey(bool Backward, CellKind Cell, int Hidden, int Batch);

public sealed unsafe partial class CudaBackend
{
    private readonly CudaStrategy _strategy;
    private readonly bool _strategyRequired;
    private readonly Dictionary<PersistentKey, CudaStrategy> _tuned = [];
    private readonly LoopKernels _elmanLoopForward = new("elman", "elman_fwd");
    private readonly LoopKernels _elmanLoopBackward = new("elman", "elman_bwd");
    private readonly LoopKernels _lstmLoopForward = new("lstm", "lstm_fwd");
    private readonly LoopKernels _lstmLoopBackward = new("lstm", "lstm_bwd");
    private readonly LoopKernels _gruLoopForward = new("gru", "gru_fwd");
    private readonly LoopKernels _gruLoopBackward = new("gru", "gru_bwd");
    private readonly LoopKernels _gruBeforeLoopForward = new("gru_before", "gru_before_fwd");
    private readonly LoopKernels _gruBeforeLoopBackward = new("gru_before", "gru_before_bwd");
    private readonly Dictionary<PersistentKey, PersistentShape?> _shapes = [];

    /// <summary>Whether the loop of such a problem is one launch for all steps, forward or backward.</summary>
    public bool RunsPersistently(RecurrentProblem problem, bool backward) =>
        Persistent(LayoutOf(problem.Cell, problem.Hidden), problem.Batch, problem.Steps, backward) is not null;

    /// <summary>How a loop runs in one launch, or null where it runs stepwise: it does not fit, is slower so, or has one step.</summary>
    private PersistentShape? Persistent(in RecurrentLayout layout, int batch, int steps, bool backward)
    {
        if (_strategy == CudaStrategy.Stepwise || steps < 2 || Fitting(layout, batch, backward) is not { } shape) { return null; }
        return Choice(layout, batch, backward, shape) == CudaStrategy.Persistent ? shape : null;
    }

    /// <summary>Of a loop that can run either way: what was asked for, else what was the faster when both were timed, else what is predicted to be.</summary>
    private CudaStrategy Choice(in RecurrentLayout layout, int batch, bool backward, PersistentShape shape)
    {
        if (_strategy != CudaStrategy.Auto) { return _strategy; }
        if (_tuned.TryGetValue(new PersistentKey(backward, layout.Cell, layout.Hidden, batch), out CudaStrategy timed)) { return timed; }
        return shape.StepSeconds < Stepwise(layout, batch, backward) ? CudaStrategy.Persistent : CudaStrategy.Stepwise;
    }

    private PersistentShape? Fitting(in RecurrentLayout layout, int batch, bool backward)
    {
        var key = new PersistentKey(backward, layout.Cell, layout.Hidden, batch);
        if (_shapes.TryGetValue(key, out PersistentShape? known)) { return known; }
        PersistentShape? shape = Fit(layout, batch, Loop(layout.Cell, backward), backward);
        _shapes.Add(key, shape);
        return shape;
    }

    /// <summary>Apart from the look-up above, which must not allocate.</summary>
    private PersistentShape? Fit(in RecurrentLayout layout, int batch, LoopKernels kernels, bool backward)
    {
        if (!_context.Device.CooperativeLaunch) { return null; }
        ComputeMode mode = layout.Mode;
        int limit = _context.Device.MaxSharedBytesPerBlock - kernels.For(mode, large: false).Resources(_context).SharedBytes;
        Span<LoopProduct> products = stackalloc LoopProduct[2];
        return PersistentShape.Choose(Costs, layout, Products(layout, backward, products), batch, limit, (large, shared) =>
            kernels.For(mode, large).MaxResidentBlocks(_context, new Dim3(StepTile.Of(mode, large).Threads), shared));
    }

    private double Stepwise(in RecurrentLayout layout, int batch, bool backward)
    {
        Span<LoopProduct> products = stackalloc LoopProduct[2];
        int multiprocessors = _context.Device.Multiprocessors;
        StepTile tile = StepTile.Of(layout.Mode, StepTile.ChooseLarge(layout.Mode, batch, layout.Hidden, multiprocessors));
        return LoopModel.StepwiseStep(Costs, layout, tile, Products(layout, backward, products), batch, multiprocessors);
    }

    private static ReadOnlySpan<LoopProduct> Products(in RecurrentLayout layout, bool backward, Span<LoopProduct> products)
    {
        for (int i = 0; i < layout.Products; i++)
        {
            int gates = layout.Gates(i).Count;
            products[i] = backward ? new LoopProduct(layout.Backward(i), 1, gates) : new LoopProduct(layout.Forward(i), gates, 1);
        }

        return products[..layout.Products];
    }

    private LoopKernels Loop(CellKind cell, bool backward) => cell switch
    {
        CellKind.Lstm => backward ? _lstmLoopBackward : _lstmLoopForward,
        CellKind.GruResetAfter => backward ? _gruLoopBackward : _gruLoopForward,
        CellKind.GruResetBefore => backward ? _gruBeforeLoopBackward : _gruBeforeLoopForward,
        _ => backward ? _elmanLoopBackward : _elmanLoopForward,
    };

    /// <summary>All steps of a chunk in one launch, cooperative where blocks wait for one another.</summary>
    private void LaunchPersistent(in StepLoop loop, PersistentShape shape, bool backward)
    {
        RecurrentLayout layout = loop.Layout;
        Span<LoopProduct> products = stackalloc LoopProduct[2];
        _ = Products(layout, backward, products);
        bool pair = layout.Products == 2;
        int blocks = products[0].Blocks;

        // Forward, even steps read the first copy; backward, the second, since the step before the first has left nothing.
        ulong even = loop.Copy(blocks, backward ? 1 : 0), odd = loop.Copy(blocks, backward ? 0 : 1), between = loop.Copy(blocks, 2);
        bool through = pair && !backward;
        int pitch = layout.Pitch(blocks), nextPitch = layout.Pitch(1);
        var p = new RecurrentLoopParams
        {
            First = new RecurrentPhase
            {
                Weights = loop.Packed + (ulong)(products[0].Weights * 4),
                FromEven = even,
                FromOdd = odd,
                ToEven = through ? between : odd,
                ToOdd = through ? between : even,
                Depth = blocks * layout.Hidden,
                Pitch = pitch,
                ToPitch = pitch,
                GroupSlabs = shape.FirstGroup,
            },
            Chunk = loop.Chunk,
            Second = pair && backward ? between : 0,
            SecondPitch = nextPitch,
            Arrivals = loop.Chunk + RecurrentLayout.DescriptionBytes + (ulong)(layout.CopyWords(backward, loop.Batch) * 4),
            Batch = loop.Batch,
            Hidden = layout.Hidden,
            Steps = loop.Steps,
            Loops = backward ? loop.Steps + 1 : loop.Steps,
            UnitTiles = shape.UnitTiles,
            RowTiles = shape.RowTiles,
            UnitBlocks = shape.UnitBlocks,
            RingAt = shape.RingAt,
            Variant = layout.Cell == CellKind.ElmanRelu ? 1 : 0,
        };
        if (pair)
        {
            p.Next = new RecurrentPhase
            {
                Weights = loop.Packed + (ulong)(products[1].Weights * 4),
                FromEven = between,
                FromOdd = between,
                ToEven = odd,
                ToOdd = even,
                Depth = layout.Hidden,
                Pitch = nextPitch,
                ToPitch = pitch,
                ResidentAt = shape.NextAt,
                GroupSlabs = shape.NextGroup,
            };
        }

        Kernel<RecurrentLoopParams> kernel = Loop(layout.Cell, backward).For(layout.Mode, shape.Large);
        var grid = new Dim3(shape.UnitBlocks, shape.RowBlocks);
        var block = new Dim3(StepTile.Of(layout.Mode, shape.Large).Threads);
        if (shape.UnitBlocks > 1) { _queue.LaunchCooperative(kernel, grid, block, shape.SharedBytes, p); }
        else { _queue.Launch(kernel, grid, block, shape.SharedBytes, p); }
    }
}
