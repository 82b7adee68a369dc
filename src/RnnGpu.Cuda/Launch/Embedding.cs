using System.Numerics;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Most table rows of a block of <c>scatter_add_f32</c>: what its list of matches has bits for.</summary>
    private const int MostRowsPerBlock = 1 << 20;

    private readonly Kernel<GatherParams> _gather = new("gather", "gather_b32");
    private readonly Kernel<GatherParams> _gather128 = new("gather", "gather_b128");
    private readonly Kernel<ScatterAddParams> _scatterAdd = new("scatter_add", "scatter_add_f32");

    /// <inheritdoc/>
    public void Gather(in TensorView table, in TensorView indices, in TensorView y)
    {
        IndexLimit limit = Check.Gather(table, indices, y);
        int columns = table.Shape.Columns;
        if (indices.Length == 0) { return; }
        ulong from = Pointer(table), to = Pointer(y);
        bool fours = columns % 4 == 0 && (from | to) % 16 == 0;
        if (fours) { columns /= 4; }
        int lanesLog2 = LanesLog2(columns);
        _queue.Launch(
            fours ? _gather128 : _gather, GridOf(Blocks(indices.Length, DefaultThreads >> lanesLog2)), new Dim3(DefaultThreads), 0, new GatherParams
            {
                Table = from,
                Indices = Pointer(indices),
                Y = to,
                Fault = _faults.Arm(limit),
                Rows = indices.Length,
                Columns = columns,
                Limit = limit.Limit,
                LanesLog2 = lanesLog2,
            });
    }

    /// <inheritdoc/>
    public void ScatterAdd(in TensorView dy, in TensorView indices, in TensorView dTable)
    {
        IndexLimit limit = Check.ScatterAdd(dy, indices, dTable);
        int columns = dTable.Shape.Columns, lanesLog2 = LanesLog2(columns);
        if (indices.Length == 0) { return; }

        // No columns or no rows: still a block, which looks at the indices.
        long tiles = Math.Max(1, Blocks(columns, 1L << lanesLog2)), rows = Math.Max(limit.Limit, 1);

        // Each block reads all indices, so there are no more than the device runs at a time; the bits do not depend on it.
        long rowsPerBlock = Math.Min(MostRowsPerBlock, Blocks(rows * tiles, 3L * _context.Device.Multiprocessors));
        _queue.Launch(_scatterAdd, new Dim3((int)Blocks(rows, rowsPerBlock), (int)tiles), new Dim3(DefaultThreads), 0, new ScatterAddParams
        {
            Dy = Pointer(dy),
            Indices = Pointer(indices),
            DTable = Pointer(dTable),
            Fault = _faults.Arm(limit),
            Count = indices.Length,
            Columns = columns,
            Limit = limit.Limit,
            RowsPerBlock = (int)rowsPerBlock,
            LanesLog2 = lanesLog2,
        });
    }

    /// <summary>Threads that share a row: as many as it has columns, rounded up to a power of two, at most a block's.</summary>
    private static int LanesLog2(int columns) => columns <= 1 ? 0 : Math.Min(BitOperations.Log2((uint)columns - 1) + 1, BitOperations.Log2(DefaultThreads));
}
