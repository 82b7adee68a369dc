using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class OpGradientTests : NnTestBase
{
    [Theory]
    [InlineData(UnaryOp.Negate, 0f)]
    [InlineData(UnaryOp.Scale, -1.7f)]
    [InlineData(UnaryOp.Shift, 0.3f)]
    [InlineData(UnaryOp.Sigmoid, 0f)]
    [InlineData(UnaryOp.Tanh, 0f)]
    [InlineData(UnaryOp.Relu, 0f)]
    [InlineData(UnaryOp.LeakyRelu, 0.1f)]
    [InlineData(UnaryOp.Step, 0f)]
    [InlineData(UnaryOp.Exp, 0f)]
    [InlineData(UnaryOp.Square, 0f)]
    [InlineData(UnaryOp.Abs, 0f)]
    [InlineData(UnaryOp.Clamp, 1.2f)]
    public void Unary(UnaryOp op, float parameter) =>
        GradientCheck.Run(Device, x => x[0].Unary(op, parameter), Leaf(1, 3, 7));

    [Theory]
    [InlineData(UnaryOp.Log)]
    [InlineData(UnaryOp.Sqrt)]
    public void UnaryOfPositive(UnaryOp op) =>
        GradientCheck.Run(Device, x => (x[0].Square() + 0.5f).Unary(op), Leaf(1, 3, 7));

    [Fact]
    public void Clamp_stops_gradients_outside()
    {
        Tensor x = Device.Tensor([-3f, -0.5f, 0.5f, 3f], new Shape(4), requiresGrad: true);
        x.Clamp(1f).Sum().Backward();
        Assert.Equal([0f, 1f, 1f, 0f], x.Grad.ToArray());
    }

    [Theory]
    [InlineData(new[] { 3, 5 }, new[] { 3, 5 })]
    [InlineData(new[] { 3, 5 }, new[] { 5 })]
    [InlineData(new[] { 5 }, new[] { 3, 5 })]
    [InlineData(new[] { 3, 1 }, new[] { 1, 5 })]
    [InlineData(new[] { 2, 1, 4 }, new[] { 3, 1 })]
    [InlineData(new[] { 2, 3 }, new int[0])]
    [InlineData(new int[0], new[] { 2, 3 })]
    public void BinaryBroadcasts(int[] a, int[] b)
    {
        (Shape, float[]) left = Leaf(1, a), right = Leaf(2, b);
        GradientCheck.Run(Device, x => x[0] + x[1], left, right);
        GradientCheck.Run(Device, x => x[0] - x[1], left, right);
        GradientCheck.Run(Device, x => x[0] * x[1], left, right);
        GradientCheck.Run(Device, x => x[0] / (x[1].Square() + 0.5f), left, right);
        GradientCheck.Run(Device, x => (x[0] + 3f).Maximum(x[1]), left, right);
        GradientCheck.Run(Device, x => (x[0] * 0.1f).Maximum(x[1]), left, right);
        GradientCheck.Run(Device, x => (x[0] * 0.1f).Minimum(x[1]), left, right);
    }

    [Fact]
    public void BinaryWithOneConstant()
    {
        (Shape shape, float[] values) = Leaf(3, 3, 5);
        GradientCheck.Run(Device, x => x[0] * Device.Tensor(values, shape), Leaf(1, 3, 5));
        GradientCheck.Run(Device, x => Device.Tensor(values, shape) * x[0], Leaf(1, 3, 5));
        GradientCheck.Run(Device, x => Device.Tensor(values, shape) - x[0], Leaf(1, 1, 5));
        GradientCheck.Run(Device, x => Device.Tensor(values, shape) / (x[0].Square() + 1f), Leaf(1, 3, 5));
        GradientCheck.Run(Device, x => 2f / (x[0].Square() + 1f), Leaf(1, 3, 5));
        GradientCheck.Run(Device, x => 2f - x[0] / 3f, Leaf(1, 3, 5));
    }

    [Fact]
    public void SeveralConsumersOfOneTensorAddUp()
    {
        GradientCheck.Run(Device, x => x[0] + x[0], Leaf(1, 2, 3));
        GradientCheck.Run(Device, x => x[0] * x[0], Leaf(1, 2, 3));
        GradientCheck.Run(Device, x => x[0] - x[0].Tanh(), Leaf(1, 2, 3));
        GradientCheck.Run(
            Device,
            x =>
            {
                Tensor h = x[0].Tanh();
                Tensor a = h + x[1], b = h * x[1], c = h.Reshape(3, 2).Transpose(0, 1).Reshape(2, 3);
                return a * b + c * h - a.Sigmoid();
            },
            Leaf(1, 2, 3),
            Leaf(2, 2, 3));
    }

    [Fact]
    public void AddPassesItsGradientOnWithoutSharingMemory()
    {
        // a + b hands dy's memory to one operand; a later consumer of that operand must not change the other's gradient.
        Tensor a = Input(1, 4), b = Input(2, 4);
        Tensor twice = a * 2f;
        Tensor sum = a + b;
        (sum + twice).Sum().Backward();
        Assert.Equal([3f, 3f, 3f, 3f], a.Grad.ToArray());
        Assert.Equal([1f, 1f, 1f, 1f], b.Grad.ToArray());
    }

    [Fact]
    public void MatMul()
    {
        GradientCheck.Run(Device, x => x[0].MatMul(x[1]), Leaf(1, 3, 4), Leaf(2, 4, 5));
        GradientCheck.Run(Device, x => x[0].MatMul(x[1], transposeOther: true), Leaf(1, 3, 4), Leaf(2, 5, 4));
        GradientCheck.Run(Device, x => x[0].MatMul(x[1]), Leaf(1, 2, 3, 4), Leaf(2, 4, 5));
        GradientCheck.Run(Device, x => x[0].MatMul(x[1]), Leaf(1, 2, 3, 4), Leaf(2, 2, 4, 5));
        GradientCheck.Run(Device, x => x[0].MatMul(x[1], transposeOther: true), Leaf(1, 2, 3, 4), Leaf(2, 2, 5, 4));
        GradientCheck.Run(Device, x => x[0].MatMul(x[0]), Leaf(1, 3, 3));
        GradientCheck.Run(Device, x => x[0].MatMul(x[0], transposeOther: true) + x[0].MatMul(x[0]), Leaf(1, 3, 3));
    }

    [Theory]
    [InlineData(GemmActivation.None)]
    [InlineData(GemmActivation.Relu)]
    [InlineData(GemmActivation.Tanh)]
    [InlineData(GemmActivation.Sigmoid)]
    public void Linear(GemmActivation activation)
    {
        // ReLU needs pre-activations away from 0: the bias puts them at about ±2.
        (Shape Shape, float[] Values) bias = Leaf(3, 3);
        float[] far = activation == GemmActivation.Relu ? [2.5f, -2.5f, 2.75f] : bias.Values;
        GradientCheck.Run(
            Device, x => x[0].Linear(x[1], x[2], activation), ScaledLeaf(1, 0.7f, 2, 2, 4), ScaledLeaf(2, 0.5f, 3, 4), (bias.Shape, far));
        GradientCheck.Run(Device, x => x[0].Linear(x[1]), Leaf(1, 5, 4), Leaf(2, 3, 4));
        GradientCheck.Run(Device, x => x[0].Linear(x[1], x[2]) + x[0].Linear(x[1], x[2]).Tanh(), Leaf(1, 4), Leaf(2, 3, 4), Leaf(3, 3));
    }

    [Fact]
    public void Reductions()
    {
        GradientCheck.Run(Device, x => x[0].Sum(), Leaf(1, 3, 4));
        GradientCheck.Run(Device, x => x[0].Mean(), Leaf(1, 3, 4));
        for (int axis = -3; axis < 3; axis++)
        {
            GradientCheck.Run(Device, x => x[0].Sum(axis), Leaf(1, 2, 3, 4));
            GradientCheck.Run(Device, x => x[0].Mean(axis, keepAxis: true), Leaf(1, 2, 3, 4));
        }

        GradientCheck.Run(Device, x => x[0] - x[0].Mean(1, keepAxis: true), Leaf(1, 3, 4));
    }

    [Fact]
    public void Rearrangements()
    {
        GradientCheck.Run(Device, x => x[0].Reshape(2, -1).Tanh(), Leaf(1, 3, 4));
        GradientCheck.Run(Device, x => x[0].Permute(2, 0, 1), Leaf(1, 2, 3, 4));
        GradientCheck.Run(Device, x => x[0].T.MatMul(x[0]), Leaf(1, 3, 4));
        GradientCheck.Run(Device, x => x[0].Transpose(0, -1) * x[1], Leaf(1, 2, 3, 4), Leaf(2, 4, 3, 2));
        GradientCheck.Run(Device, x => x[0].BroadcastTo(new Shape(2, 3, 4)), Leaf(1, 3, 1));
        GradientCheck.Run(Device, x => x[0].BroadcastTo(new Shape(3, 4)) * x[0], Leaf(1, 4));
    }

    [Fact]
    public void Slices()
    {
        for (int axis = 0; axis < 3; axis++)
        {
            GradientCheck.Run(Device, x => x[0].Slice(axis, 1, 2), Leaf(1, 3, 4, 5));
            GradientCheck.Run(Device, x => x[0].Slice(axis, 0, 2) * x[0].Slice(axis, 1, 2), Leaf(1, 3, 4, 5));
        }

        GradientCheck.Run(Device, x => x[0][0] * x[0][-1], Leaf(1, 3, 4));
        GradientCheck.Run(Device, x => x[0].Tanh()[1].Tanh() + x[0][1], Leaf(1, 3, 4));
    }

    [Fact]
    public void Concat()
    {
        GradientCheck.Run(Device, x => Tensor.Concat(0, x[0], x[1]).Tanh(), Leaf(1, 1, 3), Leaf(2, 2, 3));
        GradientCheck.Run(Device, x => Tensor.Concat(1, x[0], x[1], x[0]), Leaf(1, 2, 3, 2), Leaf(2, 2, 1, 2));
        GradientCheck.Run(Device, x => Tensor.Concat(-1, x[0], x[0] * 2f, x[1]), Leaf(1, 2, 3), Leaf(2, 2, 2));
    }

    [Fact]
    public void Softmax()
    {
        GradientCheck.Run(Device, x => x[0].Softmax(), Leaf(1, 2, 3, 4));
        GradientCheck.Run(Device, x => x[0].Softmax() * x[0] + x[0].Softmax(), Leaf(1, 3, 4));
    }

    [Fact]
    public void Gather()
    {
        // Repeated rows add up; a negative index is a row of zeros.
        int[] indices = [2, 0, -1, 2, 2, 1];
        GradientCheck.Run(Device, x => x[0].Gather(Device.Tensor(indices, new Shape(3, 2))), Leaf(1, 4, 3));
        GradientCheck.Run(
            Device, x => x[0].Tanh().Gather(Device.Tensor(indices, new Shape(6))) * x[0].Gather(Device.Tensor(indices, new Shape(6))),
            Leaf(1, 4, 3));
    }

    [Fact]
    public void Dropout()
    {
        var key = new RandomKey(1, 2, 3);
        GradientCheck.Run(Device, x => x[0].Dropout(0.4f, key), Leaf(1, 4, 9));
        GradientCheck.Run(Device, x => x[0].Tanh().Dropout(0.4f, key, first: 5) + x[0].Tanh(), Leaf(1, 4, 9));
        GradientCheck.Run(Device, x => x[0].Dropout(0.4f, key) * x[0], Leaf(1, 4, 9));
    }

    [Fact]
    public void LayerNorm()
    {
        GradientCheck.Run(Device, x => x[0].LayerNorm(x[1], x[2], 0.1f), Leaf(1, 2, 3, 6), Leaf(2, 6), Leaf(3, 6));
        GradientCheck.Run(Device, x => x[0].LayerNorm(x[1], x[1], 0.1f) + x[0] * x[0], Leaf(1, 3, 6), Leaf(2, 6));
        GradientCheck.Run(
            Device, x => x[0].LayerNorm(Device.Ones(new Shape(6)), Device.Zeros(new Shape(6)), 0.1f), Leaf(1, 3, 6));
        (Shape shape, float[] values) = Leaf(5, 3, 6);
        GradientCheck.Run(Device, x => Device.Tensor(values, shape).LayerNorm(x[0], x[1]), Leaf(2, 6), Leaf(3, 6));
    }

    [Fact]
    public void GradientOfAKeptLeafAccumulatesUntilZeroed()
    {
        Tensor x = Input(1, 3).Keep();
        x.Sum().Backward();
        (x * 2f).Sum().Backward();
        Assert.Equal([3f, 3f, 3f], x.Grad.ToArray());
        x.ZeroGrad();
        x.Sum().Backward();
        Assert.Equal([1f, 1f, 1f], x.Grad.ToArray());
    }
}
