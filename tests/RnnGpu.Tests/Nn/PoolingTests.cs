using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class PoolingTests : NnTestBase
{
    private static readonly int[] Lengths = [4, 0, 2];

    public static TheoryData<string> Backends => BackendDevices.Names;

    /// <summary>Values of all sizes whose differences exceed the steps of the differences, so that the largest stays the largest.</summary>
    private static (Shape Shape, float[] Values) Spread(int steps, int batch, int features)
    {
        var shape = new Shape(steps, batch, features);
        var values = new float[shape.Length];
        for (int i = 0; i < values.Length; i++) { values[i] = (((i * 37) + (i / 5)) % values.Length / (float)values.Length * 20f) - 10f; }
        return (shape, values);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void Gradients_equal_differences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        foreach (Pooling kind in Enum.GetValues<Pooling>())
        {
            using var pooling = new TimePooling(device, kind);
            GradientCheck.Run(device, x => pooling.Forward(x[0]), Spread(4, 3, 5));
            GradientCheck.Run(device, x => pooling.Forward(x[0], device.Tensor(Lengths, new Shape(3))), Spread(4, 3, 5));

            // a second consumer, so that the gradient is added and not assigned
            GradientCheck.Run(device, x => pooling.Forward(x[0], device.Tensor(Lengths, new Shape(3))) + x[0].Sum(0), Spread(4, 3, 5));
        }
    }

    [Fact]
    public void Values_are_those_of_the_definition()
    {
        (Shape shape, float[] x) = Spread(4, 3, 5);
        foreach (Pooling kind in Enum.GetValues<Pooling>())
        {
            using var pooling = new TimePooling(Device, kind);
            float[] y = pooling.Forward(Device.Tensor(x, shape), Device.Tensor(Lengths, new Shape(3))).ToArray();
            for (int i = 0; i < y.Length; i++)
            {
                float[] steps = [.. Enumerable.Range(0, Lengths[i / 5]).Select(t => x[(t * 15) + i])];
                float expected = steps.Length == 0 ? 0f : kind switch { Pooling.Max => steps.Max(), Pooling.Mean => steps.Average(), _ => steps[^1] };
                Assert.Equal(expected, y[i], 1e-5f);
            }
        }
    }

    [Fact]
    public void A_row_of_length_0_gets_no_gradient()
    {
        foreach (Pooling kind in Enum.GetValues<Pooling>())
        {
            using var pooling = new TimePooling(Device, kind);
            Tensor x = Input(1, 4, 3, 2);
            pooling.Forward(x, Device.Tensor(Lengths, new Shape(3))).Sum().Backward();
            float[] gradient = x.Grad.ToArray();
            for (int t = 0; t < 4; t++) { Assert.Equal([0f, 0f], gradient.AsSpan((t * 6) + 2, 2).ToArray()); }
            Assert.Contains(gradient, static g => g != 0f);
        }
    }

    [Fact]
    public void Of_equal_elements_the_first_gets_the_gradient()
    {
        Tensor x = Device.Tensor([1f, 2f, 2f, 2f, 0f, 2f], new Shape(3, 1, 2), requiresGrad: true);
        Tensor y = x.MaxOverTime();
        Assert.Equal([2f, 2f], y.ToArray());
        y.Sum().Backward();
        Assert.Equal([0f, 1f, 1f, 0f, 0f, 0f], x.Grad.ToArray());
    }

    [Fact]
    public void Bad_operands_are_named()
    {
        using var pooling = new TimePooling(Device, Pooling.Mean);
        Assert.Contains("[T, B, F]", Assert.Throws<ArgumentException>(() => pooling.Forward(Input(1, 4, 3))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "not below the 5 rows",
            Assert.Throws<ArgumentException>(() => pooling.Forward(Input(1, 4, 3, 2), Device.Tensor([4, 5, 1], new Shape(3)))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Input(1, 4, 3, 2).MaxOverTime(Device.Tensor([1, 2], new Shape(2))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TimePooling(Device, (Pooling)9));
    }
}
