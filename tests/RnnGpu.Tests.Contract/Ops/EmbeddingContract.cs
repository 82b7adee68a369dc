using RnnGpu.Core;

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
}
