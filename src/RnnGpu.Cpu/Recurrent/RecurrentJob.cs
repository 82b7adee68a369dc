using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Gemm;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>Addresses and sizes of one chunk, for all workers to read.</summary>
internal unsafe struct ChunkPointers
{
    public int Steps, Batch, StepOffset;
    public bool Reverse;
    public float* Gates, Extra, H, C, Y, DY, DH, DC, Packed, Bias, Workspace;
    public long YRow, DYRow;
    public int* Lengths, Resets;

    /// <summary><c>[workers, 2, B]</c>: each worker's active and inactive rows.</summary>
    public int* RowLists;
}

/// <summary>
/// The time loop of one chunk over the team: the CPU's persistent kernel. Each worker owns either some rows of the batch, and
/// then runs all steps without meeting the others, or some blocks of hidden units, whose weight panels then stay in its own
/// cache, and meets the others once a product. Which one, a <see cref="LoopModel"/> says.
/// </summary>
[SkipLocalsInit]
internal abstract unsafe class RecurrentJob<T> : Job
    where T : struct, ISimd<T>
{
    // Part of a panel that stays in L2 while the rows pass over it: 256 KiB.
    private const long InnerBlock = 1024;

    // Weights beyond this do not stay in L2 from step to step.
    private const long FetchBytes = 512 * 1024;

    protected RecurrentLayout<T> Layout;
    protected ChunkPointers P;
    private bool _byRows;
    private bool _fetches;
    private int _workers;

    protected int H => Layout.Hidden;

    /// <summary>Forward loops run the steps in order, backward loops against it.</summary>
    protected abstract bool IsBackward { get; }

    public void Run(RecurrentLayout<T> layout, in ChunkPointers pointers, LoopShare share, WorkerTeam team)
    {
        (Layout, P) = (layout, pointers);
        _fetches = layout.Bytes(training: false) > FetchBytes;
        _byRows = share == LoopShare.ByRows;
        _workers = share == LoopShare.Alone ? 1 : team.Workers;
        if (_workers == 1) { Work(0, null); }
        else { team.Run(this); }
    }

    public override void Execute(int worker, WorkerTeam team) => Work(worker, _byRows ? null : team);

    /// <summary>One step for the rows and blocks of one worker.</summary>
    /// <param name="view">Where the step stands.</param>
    /// <param name="meet">To meet the other workers between products; null when there is nobody to meet.</param>
    protected abstract void Step(in StepView view, WorkerTeam? meet);

    /// <summary><c>C[rows] = init + A[rows] panel</c> for one block of units; see <see cref="Product{T}.Rows"/>.</summary>
    protected void Multiply(in StepView v, float* a, long aRow, float* panel, long k, float* init, float* c, long cRow, int block)
    {
        c += (long)block * RecurrentLayout<T>.Block;
        int units = Layout.Units(block);
        for (long k0 = 0; k0 < k; k0 += InnerBlock)
        {
            long n = Math.Min(InnerBlock, k - k0);
            float* part = panel + (k0 * RecurrentLayout<T>.Block);
            float* next = _fetches ? part + (n * RecurrentLayout<T>.Block) : null;
            Product<T>.Rows(v.Active, v.ActiveCount, a + k0, aRow, 1, part, n, k0 == 0 ? init : null, c, cRow, units, next);
        }
    }

    /// <summary><c>C[rows, gate] += A[rows] panel[gate]</c> for a block's first gates, whose panels follow one another.</summary>
    /// <param name="v">Where the step stands.</param>
    /// <param name="a">Row 0 of A <c>[B, H]</c>.</param>
    /// <param name="panel">Panel of the first gate.</param>
    /// <param name="gates">How many.</param>
    /// <param name="c">Row 0 of C; gates lie H apart in a row.</param>
    /// <param name="cRow">Elements from one row of C to the next.</param>
    /// <param name="block">The block of units.</param>
    protected void MultiplyGates(in StepView v, float* a, float* panel, int gates, float* c, long cRow, int block)
    {
        long stride = (long)H * RecurrentLayout<T>.Block;
        if (v.ActiveCount == 1 && Layout.Units(block) == RecurrentLayout<T>.Block)
        {
            c += (v.Active[0] * cRow) + ((long)block * RecurrentLayout<T>.Block);
            MultiplyRow(a + ((long)v.Active[0] * H), H, panel, stride, gates, null, c, H);
            return;
        }

        for (int g = 0; g < gates; g++) { Multiply(v, a, H, panel + (g * stride), H, null, c + ((long)g * H), cRow, block); }
    }

    /// <summary><c>C[rows] = init + A[rows] panel</c>, or <c>+=</c> with init null, for some blocks of units.</summary>
    /// <param name="v">Where the step stands.</param>
    /// <param name="a">Row 0 of A.</param>
    /// <param name="aRow">Elements from one row of A to the next.</param>
    /// <param name="panel">Panel of the first block.</param>
    /// <param name="stride">Elements from one block's panel to the next's.</param>
    /// <param name="k">Rows of a panel that take part.</param>
    /// <param name="init">Starting values of every row of a block; or null.</param>
    /// <param name="c">Row 0 of C <c>[B, H]</c>.</param>
    /// <param name="block">First block.</param>
    /// <param name="end">Block after the last.</param>
    protected void MultiplyBlocks(
        in StepView v, float* a, long aRow, float* panel, long stride, long k, float* init, float* c, int block, int end)
    {
        int whole = v.ActiveCount == 1 ? Math.Max(0, Math.Min(end, H / RecurrentLayout<T>.Block) - block) : 0;
        if (whole > 0)
        {
            float* row = c + ((long)v.Active[0] * H) + ((long)block * RecurrentLayout<T>.Block);
            MultiplyRow(a + (v.Active[0] * aRow), k, panel, stride, whole, init, row, RecurrentLayout<T>.Block);
        }

        for (int b = block + whole; b < end; b++) { Multiply(v, a, aRow, panel + ((b - block) * stride), k, init, c, H, b); }
    }

    /// <summary>One row by whole panels, as many at once as there are registers for.</summary>
    private static void MultiplyRow(float* a, long k, float* panel, long stride, int panels, float* init, float* c, long cStep)
    {
        float** start = stackalloc float*[Row<T>.MaxPanels];
        float** to = stackalloc float*[Row<T>.MaxPanels];
        for (int p = 0; p < panels; p += Row<T>.MaxPanels)
        {
            int n = Math.Min(Row<T>.MaxPanels, panels - p);
            for (int q = 0; q < n; q++)
            {
                to[q] = c + ((p + q) * cStep);
                start[q] = init == null ? to[q] : init;
            }

            Row<T>.Multiply(n, a, panel + (p * stride), (nint)stride, (nint)k, start, to);
        }
    }

    /// <summary>Whether a row's state is cleared before step t.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected bool Resets(int t, int row) =>
        P.Resets != null && P.Resets[((long)t * P.Batch) + row] != 0 && IsActive(t, row);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static T Load(float* p, int n) => n == T.Width ? T.Load(p) : T.LoadPartial(p, n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static void Store(float* p, T x, int n)
    {
        if (n == T.Width) { T.Store(p, x); }
        else { T.StorePartial(p, x, n); }
    }

    protected static void Clear(float* p, int n) => new Span<float>(p, n).Clear();

    protected static void Copy(float* from, float* to, int n) => new ReadOnlySpan<float>(from, n).CopyTo(new Span<float>(to, n));

    private bool IsActive(int t, int row) => P.Lengths == null || P.StepOffset + t < P.Lengths[row];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Work(int worker, WorkerTeam? meet)
    {
        int blocks = Layout.Blocks;
        bool units = !_byRows && _workers > 1;
        int block0 = units ? blocks * worker / _workers : 0, block1 = units ? blocks * (worker + 1) / _workers : blocks;
        var view = new StepView
        {
            Block0 = block0,
            Block1 = block1,
            Unit0 = Math.Min(H, block0 * RecurrentLayout<T>.Block),
            Unit1 = Math.Min(H, block1 * RecurrentLayout<T>.Block),
            Active = P.RowLists + (2L * worker * P.Batch),
            Inactive = P.RowLists + (((2L * worker) + 1) * P.Batch),
        };
        for (int s = 0; s < P.Steps; s++)
        {
            view.T = P.Reverse != IsBackward ? P.Steps - 1 - s : s;
            view.Before = P.Reverse ? view.T + 1 : view.T;
            view.After = P.Reverse ? view.T : view.T + 1;
            view.Next = P.Reverse ? view.T - 1 : view.T + 1;
            if (s == 0 || P.Lengths != null) { ListRows(ref view, worker); }
            if (s == 0 && !IsBackward && P.Resets != null)
            {
                ClearEntering(view);

                // The first step's products read all units of the entering state, also those that the others clear.
                meet?.Barrier();
            }

            Step(view, meet);
        }
    }

    /// <summary>Sorts this worker's rows into those that take part in the step and those that are past their end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ListRows(ref StepView view, int worker)
    {
        view.ActiveCount = view.InactiveCount = 0;
        bool split = _byRows && _workers > 1;

        // With unequal lengths rows are dealt in turn, so that the long ones spread over the workers.
        int first = split ? (P.Lengths == null ? (int)((long)P.Batch * worker / _workers) : worker) : 0;
        int end = split && P.Lengths == null ? (int)((long)P.Batch * (worker + 1) / _workers) : P.Batch;
        int stride = split && P.Lengths != null ? _workers : 1;
        for (int row = first; row < end; row += stride)
        {
            if (IsActive(view.T, row)) { view.Active[view.ActiveCount++] = row; }
            else { view.Inactive[view.InactiveCount++] = row; }
        }
    }

    /// <summary>Clears the entering state of the rows that the first step to run resets.</summary>
    private void ClearEntering(in StepView view)
    {
        for (int i = 0; i < view.ActiveCount; i++)
        {
            int row = view.Active[i];
            if (Resets(view.T, row)) { Clear(P.H + (((long)view.Before * P.Batch) + row) * H + view.Unit0, view.Units); }
        }
    }
}

/// <summary>One worker's part of one step.</summary>
internal unsafe struct StepView
{
    /// <summary>Step within the chunk.</summary>
    public int T;

    /// <summary>Slot of the state that enters the step, and of the one that leaves it.</summary>
    public int Before, After;

    /// <summary>The step that follows in the order of the forward loop; may lie outside the chunk.</summary>
    public int Next;

    /// <summary>Blocks of units, and the units themselves, that this worker owns.</summary>
    public int Block0, Block1, Unit0, Unit1;

    /// <summary>Rows that take part, and rows past their end.</summary>
    public int* Active, Inactive;

    public int ActiveCount, InactiveCount;

    public readonly int Units => Unit1 - Unit0;
}
