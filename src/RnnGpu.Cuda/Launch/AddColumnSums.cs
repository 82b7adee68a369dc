using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Columns of a block: twin of <c>chainColumns</c> in <c>add_column_sums.cu</c>.</summary>
    private const int ChainColumns = 32;

    private readonly Kernel<ColumnChainParams> _addColumnSums = new("add_column_sums", "add_column_sums_f32");

    /// <inheritdoc/>
    public void AddColumnSums(in MatrixView x, in TensorView y)
    {
        Check.AddColumnSums(x, y);
        if (x.Rows == 0 || x.Columns == 0) { return; }
        _queue.Launch(_addColumnSums, GridOf(Blocks(x.Columns, ChainColumns)), new Dim3(DefaultThreads), 0, new ColumnChainParams
        {
            X = Pointer(x),
            Y = Pointer(y),
            Rows = x.Rows,
            RowStride = x.RowStride,
            Columns = x.Columns,
        });
    }
}
