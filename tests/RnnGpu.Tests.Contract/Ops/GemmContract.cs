using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class GemmContract
{
    /// <summary>What follows the product, in turn over the cases.</summary>
    private static readonly (bool Bias, GemmActivation Activation, bool Accumulate)[] Epilogues =
    [
        (false, GemmActivation.None, false), (true, GemmActivation.None, false), (false, GemmActivation.None, true),
        (true, GemmActivation.Relu, false), (true, GemmActivation.Tanh, false), (false, GemmActivation.Sigmoid, false),
        (false, GemmActivation.Relu, false),
    ];

    /// <summary>How rows are stored: dense, with a gap, from last to first, and so with a gap.</summary>
    protected static long StrideOf(int columns, int kind) => kind switch { 0 => columns, 1 => columns + 5, 2 => -columns, _ => -(columns + 3) };

    [ContractTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Gemm_is_the_chain_of_multiply_adds(bool transposeA, bool transposeB)
    {
        // A Latin square: every pair of sizes of two axes occurs.
        for (int i = 0; i < Sizes.Length; i++)
        {
            for (int j = 0; j < Sizes.Length; j++)
            {
                int turn = (i * 10) + j;
                CheckGemm(new(Sizes[i], Sizes[j], Sizes[((3 * i) + (7 * j)) % 10], transposeA, transposeB, turn % 4, turn / 4 % 4, turn / 3 % 3, turn % 7));
            }
        }
    }

    [ContractFact]
    public void Gemm_is_the_chain_beyond_the_sizes_of_blocks()
    {
        CheckGemm(new(17, 300, 1031, false, false, 0, 0, 0, 0));
        CheckGemm(new(130, 77, 2100, true, false, 2, 1, 1, 2));
        CheckGemm(new(1000, 65, 64, false, true, 1, 0, 1, 3));
        CheckGemm(new(3, 2050, 33, false, true, 0, 2, 0, 1));
    }

    [ContractFact]
    public void Gemm_takes_empty_axes()
    {
        foreach ((int m, int n, int k) in new[] { (0, 3, 2), (2, 0, 3), (2, 3, 0), (0, 0, 0), (65, 17, 0) })
        {
            for (int epilogue = 0; epilogue < Epilogues.Length; epilogue++) { CheckGemm(new(m, n, k, false, false, 0, 0, 1, epilogue)); }
        }
    }

    private sealed record GemmCase(int M, int N, int K, bool TransposeA, bool TransposeB, int StrideA, int StrideB, int StrideC, int Epilogue);

    private void CheckGemm(GemmCase x)
    {
        (int m, int n, int k) = (x.M, x.N, x.K);
        (bool hasBias, GemmActivation activation, bool accumulate) = Epilogues[x.Epilogue];
        var data = new TestData((ulong)((((m * 3000L) + n) * 3000) + k));
        float[] a = data.Uniform((long)m * k, -0.8f, 1), b = data.Uniform((long)k * n, -1, 0.9f), bias = data.Uniform(n), old = data.Uniform((long)m * n);
        float[] start = accumulate ? old : new float[m * n];
        for (int i = 0; hasBias && i < start.Length; i++) { start[i] = bias[i % n]; }
        GemmReference reference = Mode == ComputeMode.Fp32 && SumsAreChains
            ? new(GemmReference.Chain(a, b, start, m, n, k))
            : GemmReference.Sums(Mode, a, b, start, m, n, k);
        foreach (bool pack in (ReadOnlySpan<bool>)[false, true])
        {
            using var tensors = new GuardedTensors(Backend);
            MatrixView left = x.TransposeA
                ? tensors.Matrix("A", Access.Source, GemmReference.Transpose(a, m, k), k, m, StrideOf(m, x.StrideA)).Matrix.T
                : tensors.Matrix("A", Access.Source, a, m, k, StrideOf(k, x.StrideA)).Matrix;
            MatrixView right = x.TransposeB
                ? tensors.Matrix("B", Access.Source, GemmReference.Transpose(b, k, n), n, k, StrideOf(k, x.StrideB)).Matrix.T
                : tensors.Matrix("B", Access.Source, b, k, n, StrideOf(n, x.StrideB)).Matrix;
            TensorView biasView = hasBias ? tensors.Source("bias", bias, n).View : default;
            GuardedTensor c = tensors.Matrix("C", accumulate ? Access.Updated : Access.Destination, old, m, n, StrideOf(n, x.StrideC));
            string context = $"{x}{(pack ? ", packed" : "")}";
            if (pack)
            {
                TensorView packed = tensors.Scratch("packed", Backend.PackedMatrixBytes(k, n)).View;
                Backend.PackMatrix(right, packed);
                Backend.GemmPacked(left, packed, k, n, biasView, activation, accumulate, c.Matrix);
            }
            else
            {
                Backend.Gemm(left, right, biasView, activation, accumulate, c.Matrix);
            }

            reference.Check(context, activation, c.Floats());
            tensors.Check(context);
        }
    }

    [ContractFact]
    public void Gemm_cut_along_any_axis_gives_the_same_bits()
    {
        const int M = 67, N = 83, K = 150;
        var data = new TestData(1);
        using var tensors = new GuardedTensors(Backend);
        MatrixView a = tensors.Matrix("A", Access.Source, data.Uniform(M * K), M, K, K + 1).Matrix;
        MatrixView b = tensors.Matrix("B", Access.Source, data.Uniform(K * N), K, N, N).Matrix;
        GuardedTensor whole = tensors.Destination("whole", M, N);
        Backend.Gemm(a, b, default, GemmActivation.None, accumulate: false, whole.Matrix);

        GuardedTensor rows = tensors.Destination("cut along M", M, N), columns = tensors.Destination("cut along N", M, N);
        GuardedTensor inner = tensors.Destination("cut along K", M, N);
        foreach ((int start, int count) in new[] { (0, 1), (1, 30), (31, 36) })
        {
            Backend.Gemm(a.RowRange(start, count), b, default, GemmActivation.None, accumulate: false, rows.Matrix.RowRange(start, count));
        }

        foreach ((int start, int count) in new[] { (0, 17), (17, 65), (82, 1) })
        {
            Backend.Gemm(a, b.ColumnRange(start, count), default, GemmActivation.None, accumulate: false, columns.Matrix.ColumnRange(start, count));
        }

        // Tensor cores take several inner indices at once: where they do, cuts stand between those.
        foreach ((int start, int count) in Mode == ComputeMode.Fp32 ? [(0, 64), (64, 1), (65, 85)] : new[] { (0, 64), (64, 16), (80, 70) })
        {
            Backend.Gemm(a.ColumnRange(start, count), b.RowRange(start, count), default, GemmActivation.None, accumulate: start > 0, inner.Matrix);
        }

        CheckCut("cut along M", rows);
        CheckCut("cut along N", columns);
        CheckCut("cut along K", inner);
        tensors.Check("cut product");

        void CheckCut(string context, GuardedTensor cut)
        {
            if (SumsAreChains) { Compare.Bits(context, whole.Floats(), cut.Floats()); }
            else { Compare.Near(context, [.. whole.Floats().Select(static x => (double)x)], cut.Floats(), Tolerances.TensorChain(K, K)); }
        }
    }

    [ContractFact]
    public void Gemm_refuses_sizes_that_do_not_fit()
    {
        using var tensors = new GuardedTensors(Backend);
        var data = new TestData(2);
        MatrixView a = tensors.Source("A", data.Uniform(6), 2, 3).Matrix, b = tensors.Source("B", data.Uniform(12), 3, 4).Matrix;
        MatrixView c = tensors.Updated("C", data.Uniform(8), 2, 4).Matrix;
        TensorView bias = tensors.Source("bias", data.Uniform(3), 3).View;
        Assert.ThrowsAny<ArgumentException>(() => Backend.Gemm(b, a, default, GemmActivation.None, false, c));
        Assert.ThrowsAny<ArgumentException>(() => Backend.Gemm(a, b, default, GemmActivation.None, false, b));
        Assert.ThrowsAny<ArgumentException>(() => Backend.Gemm(a, b, default, GemmActivation.None, false, c.ColumnRange(0, 3)));
        Assert.ThrowsAny<ArgumentException>(() => Backend.Gemm(a, b, bias, GemmActivation.None, false, c));
        tensors.Check("refused product");
    }
}
