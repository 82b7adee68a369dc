using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Every message says which operation, and what the shapes were.</summary>
public sealed class ShapeErrorTests : NnTestBase
{
    [Fact]
    public void OperationsNameTheirOperands()
    {
        Tensor a = Device.Zeros(new Shape(3, 4)), b = Device.Zeros(new Shape(2, 4)), i = Device.Tensor([1, 2], new Shape(2));
        Fails(() => a + b, "a + b", "[3, 4]", "[2, 4]", "axis 0");
        Fails(() => a + i, "a + b", "float", "I32[2]");
        Fails(() => i.Tanh(), "float", "I32[2]");
        Fails(() => a.MatMul(b), "MatMul", "[3, 4]", "[2, 4]", "inner sizes 4 and 2");
        Fails(() => a.MatMul(b[0]), "MatMul", "[4]");
        Fails(() => Device.Zeros(new Shape(2, 3, 4)).MatMul(Device.Zeros(new Shape(3, 4, 5))), "leading axes");
        Fails(() => a.Linear(Device.Zeros(new Shape(5, 3))), "Linear", "[3, 4]", "[5, 3]");
        Fails(() => a.Linear(Device.Zeros(new Shape(5, 4)), Device.Zeros(new Shape(4))), "bias", "[4]");
        Fails(() => a.Reshape(5, 5), "[3, 4]", "[5, 5]");
        Fails(() => a.Reshape(5, -1), "Reshape", "[3, 4]");
        Fails(() => a.Reshape(-1, -1), "-1");
        Fails(() => a.Slice(1, 3, 2), "Slice", "3..5", "[3, 4]");
        Fails(() => a[3], "Slice", "[3, 4]");
        Fails(() => a.Permute(0, 0), "Permute", "[3, 4]");
        Fails(() => Tensor.Concat(0, a, Device.Zeros(new Shape(2, 5))), "Concat", "[3, 4]", "[2, 5]");
        Fails(() => Tensor.Concat(0), "at least one");
        Fails(() => a.BroadcastTo(new Shape(4)), "[3, 4]", "[4]");
        Fails(() => a.Gather(a), "Gather", "indices");
        Fails(() => a[0].Gather(i), "Gather", "[4]");
        Fails(() => a.LayerNorm(b[0].Slice(0, 0, 2), b[0]), "LayerNorm", "[3, 4]");
        Fails(() => Device.Tensor([1f], new Shape(2)), "[2]", "2 values", "1");
        Fails(() => a.CopyTo(new float[3].AsSpan()), "[3, 4]", "3 elements");
        Fails(() => a.ToIntArray(), "F32[3, 4]");
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Sum(2));
        Assert.Throws<InvalidOperationException>(() => a[0].T);
        Assert.Throws<InvalidOperationException>(() => a.Item());
    }

    [Fact]
    public void TensorsOfTwoDevicesDoNotMeet()
    {
        using Device other = NewDevice();
        Tensor a = Device.Zeros(new Shape(2)), b = other.Zeros(new Shape(2));
        Fails(() => a + b, "devices");
    }

    private static void Fails(Func<object?> action, params string[] parts) => Fails(() => { action(); }, parts);

    private static void Fails(Action action, params string[] parts)
    {
        var error = Assert.Throws<ArgumentException>(action);
        Assert.All(parts, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private static void Fails(Func<Tensor> action, params string[] parts) => Fails(() => { action(); }, parts);
}
