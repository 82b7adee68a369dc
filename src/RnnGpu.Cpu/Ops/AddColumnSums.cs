using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly ColumnSumJob _columnSums = new();

    public void AddColumnSums(in MatrixView x, in TensorView y)
    {
        Check.AddColumnSums(x, y);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.AddColumnSums, A = x, V = y };
            return;
        }

        _columnSums.X = Floats(x);
        _columnSums.RowStride = x.RowStride;
        _columnSums.Rows = x.Rows;
        _columnSums.Y = Floats(y);
        _columnSums.OverColumns(x.Columns, x.Rows, _team);
    }

    private sealed class ColumnSumJob : GrainedJob
    {
        public float* X;
        public long RowStride;
        public long Rows;
        public float* Y;

        protected override void Run(long start, long end) => AddRows(new MatrixTerm(X, RowStride), Rows, start, end, Y);
    }
}
