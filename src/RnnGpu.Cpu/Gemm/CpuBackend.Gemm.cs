using RnnGpu.Core;
using RnnGpu.Cpu.Gemm;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly GemmJob<T> _gemm = new(team.Workers);
    private readonly PackJob<T> _pack = new();

    public void Gemm(
        in MatrixView a, in MatrixView b, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        Check.Gemm(a, b.Rows, b.Columns, bias, activation, accumulate, c);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.Gemm, A = a, B = b, U = bias, Activation = activation, Accumulate = accumulate, C = c };
            return;
        }

        _gemm.Run(
            ToOperand(a), ToOperand(b), null, Floats(bias), Floats(c), c.RowStride, a.Rows, b.Columns, a.Columns,
            accumulate, activation, _team);
    }

    public long PackedMatrixBytes(long k, long n) => checked(RoundUp(n, Tile<T>.Columns) * k * sizeof(float));

    public void PackMatrix(in MatrixView b, in TensorView packed)
    {
        Check.Packed(packed, PackedMatrixBytes(b.Rows, b.Columns));
        _pack.Run(ToOperand(b), b.Rows, b.Columns, Floats(packed), _team);
    }

    public void GemmPacked(
        in MatrixView a, in TensorView packed, long k, long n, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        Check.Gemm(a, k, n, bias, activation, accumulate, c);
        Check.Packed(packed, PackedMatrixBytes(k, n));
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.GemmPacked, A = a, V = packed, Inner = k, Columns = n, U = bias, Activation = activation, Accumulate = accumulate, C = c };
            return;
        }

        _gemm.Run(
            ToOperand(a), default, Floats(packed), Floats(bias), Floats(c), c.RowStride, a.Rows, n, k, accumulate, activation, _team);
    }

    private static long RoundUp(long n, long unit) => (n + unit - 1) / unit * unit;

    private Operand ToOperand(in MatrixView m) => m.IsTransposed
        ? new Operand(Floats(m), 1, m.RowStride)
        : new Operand(Floats(m), m.RowStride, 1);
}
