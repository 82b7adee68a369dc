using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu.Gemm;

/// <summary>
/// A product over the team. The inner axis is cut into blocks; for each, B's panels are packed once (unless they come packed)
/// and every worker multiplies its own part of C: rows when there are many, else columns. Since an element's chain runs over
/// the blocks in order through C, neither the cuts nor the number of workers change its bits.
/// </summary>
[SkipLocalsInit]
internal sealed unsafe class GemmJob<T> : Job, IDisposable
    where T : struct, ISimd<T>
{
    // A panel of 64 columns by 1024 is 256 KiB and a block of 96 rows by 1024 is 384 KiB: both stay in L2 beside each other. Shorter blocks would read and
    // write C more often than it costs to stream a panel.
    private const int InnerBlock = 1024;
    private const int ColumnBlock = 4096;
    private const int StripsPerBlock = 16;

    private readonly Scratch _panels = new();
    private readonly Scratch[] _strips;

    private Operand _a;
    private Operand _b;
    private float* _packed;
    private float* _bias;
    private float* _c;
    private long _m;
    private long _n;
    private long _k;
    private long _cRow;
    private bool _accumulate;
    private GemmActivation _activation;
    private bool _byRows;

    public GemmJob(int workers)
    {
        _strips = new Scratch[workers];
        for (int i = 0; i < workers; i++) { _strips[i] = new Scratch(); }
    }

    /// <summary>Sets the operands and runs. <paramref name="packed"/> null: B is packed here, block by block.</summary>
    public void Run(
        Operand a, Operand b, float* packed, float* bias, float* c, long cRow, long m, long n, long k,
        bool accumulate, GemmActivation activation, WorkerTeam team)
    {
        if (m == 0 || n == 0) { return; }
        _a = a;
        _b = b;
        _packed = packed;
        _bias = bias;
        _c = c;
        _cRow = cRow;
        (_m, _n, _k, _accumulate, _activation) = (m, n, k, accumulate, activation);
        long width = Tile<T>.Columns;
        if (packed == null)
        {
            _panels.Reserve(Math.Min(InnerBlock, k) * ((Math.Min(n, ColumnBlock) + width - 1) / width) * width);
        }

        if (a.ColumnStep != 1)
        {
            foreach (Scratch strips in _strips) { strips.Reserve(StripsPerBlock * Packing<T>.StripFloats(Math.Min(InnerBlock, k))); }
        }

        // Below this much work, waking a team costs more than it saves.
        bool alone = team.Workers == 1 || 2.0 * m * n * k < 500_000;
        _byRows = m >= 2L * T.TileRows * team.Workers;
        if (alone) { Work(0, 1, team); }
        else { team.Run(this); }
    }

    public void Dispose()
    {
        _panels.Dispose();
        foreach (Scratch strips in _strips) { strips.Dispose(); }
    }

    public override void Execute(int worker, WorkerTeam team) => Work(worker, team.Workers, team);

    private void Work(int worker, int workers, WorkerTeam team)
    {
        for (long n0 = 0; n0 < _n; n0 += ColumnBlock)
        {
            long n1 = Math.Min(_n, n0 + ColumnBlock);
            long k0 = 0;
            do
            {
                long k1 = Math.Min(_k, k0 + InnerBlock);
                if (_packed == null)
                {
                    PackPanels(n0, n1, k0, k1, worker, workers);
                    if (workers > 1) { team.Barrier(); }
                }

                MultiplyBlock(n0, n1, k0, k1, worker, workers);
                if (_packed == null && workers > 1) { team.Barrier(); }
                k0 = k1;
            }
            while (k0 < _k);
        }
    }

    private void PackPanels(long n0, long n1, long k0, long k1, int worker, int workers)
    {
        int width = Tile<T>.Columns;
        long panels = (n1 - n0 + width - 1) / width;
        for (long p = panels * worker / workers; p < panels * (worker + 1) / workers; p++)
        {
            long column = n0 + (p * width);
            Packing<T>.Panel(_b, k0, k1, column, (int)Math.Min(width, n1 - column), _panels.Pointer + (p * (k1 - k0) * width));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyBlock(long n0, long n1, long k0, long k1, int worker, int workers)
    {
        int width = Tile<T>.Columns;
        long panels = (n1 - n0 + width - 1) / width;
        long strips = (_m + T.TileRows - 1) / T.TileRows;
        long s0 = 0, s1 = strips, p0 = 0, p1 = panels;
        if (_byRows) { (s0, s1) = (strips * worker / workers, strips * (worker + 1) / workers); }
        else { (p0, p1) = (panels * worker / workers, panels * (worker + 1) / workers); }

        for (long s = s0; s < s1; s += StripsPerBlock)
        {
            long row = s * T.TileRows;
            long rows = Math.Min(Math.Min(s + StripsPerBlock, s1) * T.TileRows, _m) - row;
            bool packA = _a.ColumnStep != 1;
            if (packA) { PackStrips(row, rows, k0, k1, worker); }
            for (long p = p0; p < p1; p++)
            {
                MultiplyPanel(n0 + (p * width), n1, p, k0, k1, row, rows, packA ? _strips[worker].Pointer : null);
            }
        }
    }

    private void PackStrips(long row, long rows, long k0, long k1, int worker)
    {
        Packing<T>.Strips(_a, row, rows, k0, k1, _strips[worker].Pointer);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MultiplyPanel(long column, long n1, long panelIndex, long k0, long k1, long row, long rows, float* strips)
    {
        int width = Tile<T>.Columns;
        int columns = (int)Math.Min(width, n1 - column);
        float* panel = _packed == null
            ? _panels.Pointer + (panelIndex * (k1 - k0) * width)
            : _packed + (((column / width * _k) + k0) * width);
        float* next = _packed == null ? panel + ((k1 - k0) * width) : panel + (_k * width);
        float* init = stackalloc float[64];
        bool fromC = k0 > 0 || _accumulate;
        if (!fromC)
        {
            new Span<float>(init, width).Clear();
            if (_bias != null) { new ReadOnlySpan<float>(_bias + column, columns).CopyTo(new Span<float>(init, width)); }
        }

        float* c = _c + (row * _cRow) + column;
        if (strips == null)
        {
            float* a = _a.Start + (row * _a.RowStep) + (k0 * _a.ColumnStep);
            Product<T>.Rows(null, rows, a, _a.RowStep, _a.ColumnStep, panel, k1 - k0, fromC ? null : init, c, _cRow, columns, next);
        }
        else
        {
            for (long r = 0; r < rows; r += T.TileRows)
            {
                int n = (int)Math.Min(T.TileRows, rows - r);
                float* strip = strips + (r / T.TileRows * Packing<T>.StripFloats(k1 - k0));
                Product<T>.Rows(null, n, strip, 1, T.TileRows, panel, k1 - k0, fromC ? null : init, c + (r * _cRow), _cRow, columns, null);
            }
        }

        if (k1 == _k && _activation != GemmActivation.None)
        {
            for (long r = 0; r < rows; r++) { Activate(c + (r * _cRow), columns); }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(float* x, int n)
    {
        for (int i = 0; i < n; i += T.Width)
        {
            int lanes = Math.Min(T.Width, n - i);
            T v = lanes == T.Width ? T.Load(x + i) : T.LoadPartial(x + i, lanes);
            v = _activation switch
            {
                GemmActivation.Relu => T.Relu(v),
                GemmActivation.Tanh => T.Tanh(v),
                _ => T.Sigmoid(v),
            };
            if (lanes == T.Width) { T.Store(x + i, v); }
            else { T.StorePartial(x + i, v, lanes); }
        }
    }
}
