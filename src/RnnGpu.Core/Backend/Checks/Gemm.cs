namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Gemm"/> and <see cref="IBackend.GemmPacked"/>: a right-hand operand <c>[k, n]</c>.</summary>
    public static void Gemm(
        in MatrixView a, long k, long n, in TensorView bias, GemmActivation activation, bool accumulate, in MatrixView c)
    {
        if (a.Columns != k || c.Rows != a.Rows || c.Columns != n)
        {
            Fail(nameof(Gemm), $"product of {a} with [{k}, {n}] into {c}: sizes do not fit");
        }

        if (c.IsTransposed) { Fail(nameof(Gemm), "a product cannot be stored transposed; swap and transpose the operands"); }
        OptionalFloats(bias, nameof(bias), n);
        if (accumulate && (!bias.IsEmpty || activation != GemmActivation.None))
        {
            Fail(nameof(Gemm), "an accumulating product takes neither bias nor activation");
        }
    }

    /// <summary>A block for a packed operand of so many bytes.</summary>
    public static void Packed(in TensorView packed, long bytes)
    {
        if (packed.Length * packed.DType.Size() < bytes)
        {
            throw new ArgumentException($"the packed operand needs {bytes} bytes, not {packed}");
        }
    }
}
