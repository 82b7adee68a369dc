using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractFact]
    public void Gather_and_its_gradient_follow_the_indices()
    {
        for (int i = 0; i < Sizes.Length; i++)
        {
            int width = Sizes[i], rows = ((ReadOnlySpan<int>)[1, 5, 65])[i % 3], count = ((ReadOnlySpan<int>)[0, 1, 40, 333])[i % 4];
            var data = new TestData((ulong)width);

            // Indices repeat, and some are negative: rows of zeros that have no gradient.
            int[] indices = data.Integers(count, -1, rows);
            float[] table = data.Uniform((long)rows * width), dy = data.Uniform((long)count * width), old = data.Uniform((long)rows * width);
            var expected = new float[count * width];
            float[] expectedGradient = (float[])old.Clone();
            for (int n = 0; n < count; n++)
            {
                for (int c = 0; indices[n] >= 0 && c < width; c++)
                {
                    expected[(n * width) + c] = table[(indices[n] * width) + c];
                    expectedGradient[(indices[n] * width) + c] += dy[(n * width) + c];
                }
            }

            string context = $"{count} rows of {rows} x {width}";
            using var tensors = new GuardedTensors(Backend);
            TensorView index = tensors.Source("indices", indices, count).View;
            GuardedTensor y = tensors.Destination("y", count, width), dTable = tensors.Updated("dTable", old, rows, width);
            Backend.Gather(tensors.Source("table", table, rows, width).View, index, y.View);
            Compare.Bits($"gather of {context}", expected, y.Floats());
            Backend.ScatterAdd(tensors.Source("dy", dy, count, width).View, index, dTable.View);
            Compare.Bits($"scatter of {context}", expectedGradient, dTable.Floats());
            tensors.Check(context);
        }
    }

    /// <summary>Runs an operation and waits; the refusal may come from either.</summary>
    private string RefusalOf(Action operation) => Assert.Throws<ArgumentException>(() =>
    {
        operation();
        Backend.Synchronize();
    }).Message;

    [ContractFact]
    public void An_index_beyond_the_table_is_named_and_the_backend_works_on()
    {
        const int Rows = 4, Width = 5;
        var data = new TestData(9);
        float[] table = data.Uniform(Rows * Width), dy = data.Uniform(700 * Width);
        int[] good = data.Integers(700, 0, Rows), bad = (int[])good.Clone();
        (bad[31], bad[600], bad[699]) = (4, int.MaxValue, 77);
        using var tensors = new GuardedTensors(Backend);
        TensorView from = tensors.Source("table", table, Rows, Width).View, dyv = tensors.Source("dy", dy, 700, Width).View;
        TensorView goodIndices = tensors.Source("good indices", good, 700).View, badIndices = tensors.Source("bad indices", bad, 700).View;
        GuardedTensor y = tensors.Destination("y", 700, Width), dTable = tensors.Updated("dTable", table, Rows, Width);
        Assert.Equal(
            "Gather: index 4 in row 31 is not below the 4 rows of the table", RefusalOf(() => Backend.Gather(from, badIndices, y.View)));
        Assert.Equal(
            "ScatterAdd: index 4 in row 31 is not below the 4 rows of the table", RefusalOf(() => Backend.ScatterAdd(dyv, badIndices, dTable.View)));
        Backend.Synchronize();
        Backend.Gather(from, goodIndices, y.View);
        float[] expected = [.. good.SelectMany(index => table.Skip(index * Width).Take(Width))];
        Compare.Bits("gather after a refusal", expected, y.Floats());
        tensors.Check("refused indices");
    }
}
