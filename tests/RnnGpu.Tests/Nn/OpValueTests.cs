using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class OpValueTests : NnTestBase
{
    private static readonly Shape Matrix = new(2, 3);

    private Tensor M => Device.Tensor([1f, 2f, 3f, 4f, 5f, 6f], Matrix);

    [Fact]
    public void ArithmeticFollowsTheOperators()
    {
        Tensor row = Device.Tensor([10f, 20f, 30f], new Shape(3));
        Assert.Equal([11f, 22f, 33f, 14f, 25f, 36f], (M + row).ToArray());
        Assert.Equal([9f, 18f, 27f, 6f, 15f, 24f], (row - M).ToArray());
        Assert.Equal([10f, 40f, 90f, 40f, 100f, 180f], (M * row).ToArray());
        Assert.Equal([0.5f, 1f, 1.5f, 2f, 2.5f, 3f], (M / 2f).ToArray());
        Assert.Equal([5f, 4f, 3f, 2f, 1f, 0f], (6f - M).ToArray());
        Assert.Equal([12f, 6f, 4f, 3f, 2.4f, 2f], (12f / M).ToArray());
        Assert.Equal([3f, 3f, 3f, 4f, 5f, 6f], M.Maximum(Device.Scalar(3f)).ToArray());
        Assert.Equal([1f, 2f, 3f, 3f, 3f, 3f], M.Minimum(Device.Scalar(3f)).ToArray());
    }

    [Fact]
    public void RearrangementsKeepEveryValue()
    {
        Assert.Equal([1f, 4f, 2f, 5f, 3f, 6f], M.T.ToArray());
        Assert.Equal([2f, 3f, 5f, 6f], M.Slice(1, 1, 2).ToArray());
        Assert.Equal([4f, 5f, 6f], M[-1].ToArray());
        Assert.Equal(new Shape(3), M[0].Shape);
        Assert.Equal([1f, 2f, 3f, 1f, 4f, 5f, 6f, 4f], Tensor.Concat(1, M, M.Slice(1, 0, 1)).ToArray());
        Assert.Equal([1f, 1f, 4f, 4f], M.Slice(1, 0, 1).BroadcastTo(new Shape(2, 2)).ToArray());
        Assert.Equal([1, 0, 2], Device.Tensor([1, 2, 0, 1, 2, 0], new Shape(3, 2)).Permute(1, 0)[0].ToIntArray());
    }

    [Fact]
    public void ReductionsAndProducts()
    {
        Assert.Equal(21f, M.Sum().Item());
        Assert.Equal(3.5f, M.Mean().Item());
        Assert.Equal([5f, 7f, 9f], M.Sum(0).ToArray());
        Assert.Equal([2f, 5f], M.Mean(-1).ToArray());
        Assert.Equal(new Shape(2, 1), M.Sum(1, keepAxis: true).Shape);
        Assert.Equal([2, 2], M.ArgMax().ToIntArray());
        Assert.Equal([14f, 32f, 32f, 77f], M.MatMul(M, transposeOther: true).ToArray());
        Assert.Equal([14f, 32f, 32f, 77f], M.MatMul(M.T).ToArray());
    }

    [Fact]
    public void BatchedProductsPairEqualLeadingAxes()
    {
        float[] a = GradientCheck.Values(new Shape(2, 3, 4), 1), b = GradientCheck.Values(new Shape(2, 4, 5), 2);
        float[] y = Device.Tensor(a, new Shape(2, 3, 4)).MatMul(Device.Tensor(b, new Shape(2, 4, 5))).ToArray();
        for (int i = 0; i < 2; i++)
        {
            float[] one = Device.Tensor(a.AsSpan(12 * i, 12), new Shape(3, 4)).MatMul(Device.Tensor(b.AsSpan(20 * i, 20), new Shape(4, 5))).ToArray();
            Assert.Equal(one, y[(15 * i)..(15 * (i + 1))]);
        }
    }

    [Fact]
    public void ConcatOfIntegers()
    {
        Tensor a = Device.Tensor([1, 2], new Shape(2)), b = Device.Tensor([3], new Shape(1));
        Assert.Equal([1, 2, 3], Tensor.Concat(0, a, b).ToIntArray());
    }

    [Fact]
    public void SoftmaxRowsSumToOneWhateverTheSize()
    {
        Tensor y = Device.Tensor([1000f, 1001f, -1000f, 0f], new Shape(2, 2)).Softmax();
        float[] values = y.ToArray();
        Assert.Equal(0.26894143f, values[0], 1e-6f);
        Assert.Equal(0f, values[2], 1e-30f);
        Assert.Equal(1f, values[0] + values[1], 1e-6f);
    }

    [Fact]
    public void ConstructorsFill()
    {
        Assert.Equal([0f, 0f], Device.Zeros(new Shape(2)).ToArray());
        Assert.Equal([1f, 1f], Device.Ones(new Shape(2)).ToArray());
        Assert.Equal(2.5f, Device.Scalar(2.5f).Item());
        Tensor x = Device.Zeros(new Shape(2));
        Device.Upload<float>([3f, 4f], x);
        Assert.Equal([3f, 4f], x.ToArray());
    }
}
