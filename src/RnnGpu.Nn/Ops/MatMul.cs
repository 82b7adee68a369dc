using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// Matrix product <c>A B</c>: <c>[.., M, K] x [K, N] -> [.., M, N]</c>, or with equal leading axes of both, matrix by matrix.
    /// </summary>
    /// <param name="other">B: <c>[K, N]</c> or <c>[.., K, N]</c>; with <paramref name="transposeOther"/> <c>[N, K]</c> or <c>[.., N, K]</c>.</param>
    /// <param name="transposeOther">Whether B is stored transposed.</param>
    /// <exception cref="ArgumentException">Ranks below 2, inner sizes that differ, leading axes that differ.</exception>
    public Tensor MatMul(Tensor other, bool transposeOther = false)
    {
        TensorSlot a = this.Float(nameof(MatMul)), b = other.Float(nameof(MatMul));
        Operands.SameDevice(a, b, nameof(MatMul));
        int batch = MatMulNode.Batch(a.Shape, b.Shape);
        int inner = b.Shape[transposeOther ? ^1 : ^2], columns = b.Shape[transposeOther ? ^2 : ^1];
        if (a.Shape[^1] != inner)
        {
            throw new ArgumentException(
                $"MatMul: {a.Shape} x {b.Shape}{(transposeOther ? " transposed" : "")}: inner sizes {a.Shape[^1]} and {inner} differ");
        }

        Device device = a.Device;
        Tensor y = device.NewTensor(a.Shape.WithColumns(columns));
        for (int i = 0; i < batch; i++)
        {
            MatrixView right = MatMulNode.Matrix(b.View, i, batch);
            device.Backend.Gemm(
                MatMulNode.Matrix(a.View, i, batch), transposeOther ? right.T : right, default, GemmActivation.None, accumulate: false,
                MatMulNode.Matrix(y.View, i, batch));
        }

        if (device.Records(a, b)) { device.Tape.Record<MatMulNode>().Set(a, b, transposeOther, batch, y); }
        return y;
    }
}

internal sealed class MatMulNode : TapeNode
{
    private bool _transposed;
    private int _batch;

    /// <summary>Number of separate products: 1 when the right side is a single matrix.</summary>
    public static int Batch(Shape a, Shape b)
    {
        if (a.Rank < 2 || b.Rank < 2) { throw new ArgumentException($"MatMul takes matrices, not {a} and {b}; reshape vectors first"); }
        if (b.Rank == 2) { return 1; }
        bool equal = a.Rank == b.Rank;
        int batch = 1;
        for (int i = 0; equal && i < a.Rank - 2; i++)
        {
            equal = a[i] == b[i];
            batch *= a[i];
        }

        return equal ? batch : throw new ArgumentException($"MatMul: leading axes of {a} and {b} differ");
    }

    /// <summary>One of <paramref name="batch"/> matrices of a tensor.</summary>
    public static MatrixView Matrix(TensorView view, int index, int batch)
    {
        if (batch == 1) { return view.AsMatrix(); }
        long rows = view.Shape.Rows / batch;
        return view.Slice(index * rows * view.Shape.Columns, new Shape((int)rows, view.Shape.Columns)).AsMatrix();
    }

    public void Set(TensorSlot a, TensorSlot b, bool transposed, int batch, Tensor y)
    {
        _transposed = transposed;
        _batch = batch;
        AddInput(a);
        AddInput(b);
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dy = Dy;
        if (Wants(0))
        {
            TensorView da = Gradient(0, out bool accumulate);
            for (int i = 0; i < _batch; i++)
            {
                MatrixView b = Matrix(X(1), i, _batch);
                Product(Matrix(dy, i, _batch), _transposed ? b : b.T, accumulate, Matrix(da, i, _batch));
            }
        }

        if (Wants(1))
        {
            TensorView db = Gradient(1, out bool accumulate);
            for (int i = 0; i < _batch; i++)
            {
                MatrixView a = Matrix(X(0), i, _batch), g = Matrix(dy, i, _batch), d = Matrix(db, i, _batch);
                if (_transposed) { Product(g.T, a, accumulate, d); }
                else { Product(a.T, g, accumulate, d); }
            }
        }
    }

    private void Product(in MatrixView a, in MatrixView b, bool accumulate, in MatrixView c) =>
        Backend.Gemm(a, b, default, GemmActivation.None, accumulate, c);
}
