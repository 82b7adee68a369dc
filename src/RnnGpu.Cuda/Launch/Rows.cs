using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Longest row for a warp of its own; longer ones get a block.</summary>
    private const int WarpColumns = 1024;

    /// <summary>Rows of a block of warps.</summary>
    private const int WarpRows = DefaultThreads / 32;

    /// <summary>Dynamic shared memory that rows are kept in between a kernel's passes: what needs no permission, less a little for static arrays.</summary>
    private const int KeptBytes = (48 * 1024) - 1024;

    /// <summary>How a row kernel (<c>row.cuh</c>) is launched.</summary>
    /// <param name="Warp">Whether a warp takes a row; else a block.</param>
    /// <param name="Grid">Blocks.</param>
    /// <param name="Threads">Of a block.</param>
    /// <param name="SharedBytes">Where rows are kept.</param>
    private readonly record struct RowLaunch(bool Warp, Dim3 Grid, int Threads, int SharedBytes)
    {
        /// <summary>The parameters' kept.</summary>
        public int Kept => SharedBytes > 0 ? 1 : 0;
    }

    /// <summary>The launch for so many rows of so many columns.</summary>
    /// <param name="kept">Floats kept a column.</param>
    private RowLaunch RowsOf(long rows, int columns, int kept)
    {
        long bytes = (long)columns * kept * sizeof(float);
        if (columns > WarpColumns) { return new RowLaunch(false, GridOf(rows), DefaultThreads, bytes <= KeptBytes ? (int)bytes : 0); }

        // Few rows are spread over many blocks, so that every multiprocessor has some.
        int rowsPerBlock = WarpRows;
        while (rowsPerBlock > 1 && (rowsPerBlock * bytes > KeptBytes || rows < (long)rowsPerBlock * _context.Device.Multiprocessors)) { rowsPerBlock /= 2; }
        return new RowLaunch(true, GridOf(Blocks(rows, rowsPerBlock)), 32 * rowsPerBlock, (int)(rowsPerBlock * bytes));
    }

    private void LaunchRows<TParameters>(in RowLaunch launch, Kernel<TParameters> warp, Kernel<TParameters> block, in TParameters parameters)
        where TParameters : unmanaged =>
        _queue.Launch(launch.Warp ? warp : block, launch.Grid, new Dim3(launch.Threads), launch.SharedBytes, parameters);
}
