using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class InitializerTests : NnTestBase
{
    [Fact]
    public void UniformNormalAndConstantHaveTheirMoments()
    {
        // 40,000 values: standard errors of mean and deviation are below 0.6 %; five of them.
        float[] uniform = Init(new UniformInit(0.5f), 200, 200);
        Assert.All(uniform, static v => Assert.InRange(v, -0.5f, 0.5f));
        CheckMoments(uniform, 0.5 / Math.Sqrt(3));
        CheckMoments(Init(new NormalInit(2f), 200, 200), 2);
        Assert.All(Init(new ConstantInit(3f), 2, 3), static v => Assert.Equal(3f, v));
    }

    [Fact]
    public void XavierAndHeFollowTheFans()
    {
        double xavier = Math.Sqrt(2.0 / 500), he = Math.Sqrt(2.0 / 400);
        CheckMoments(Init(new XavierInit(), 100, 400), xavier);
        CheckMoments(Init(new XavierInit(normal: true), 100, 400), xavier);
        CheckMoments(Init(new HeInit(), 100, 400), he);
        CheckMoments(Init(new HeInit(normal: false), 100, 400), he);
    }

    [Theory]
    [InlineData(30, 30)]
    [InlineData(13, 40)]
    [InlineData(40, 13)]
    [InlineData(1, 1)]
    public void OrthogonalIsOrthonormalAlongItsShorterSide(int rows, int columns)
    {
        float[] w = Init(new OrthogonalInit(2f), rows, columns);
        int count = Math.Min(rows, columns), length = Math.Max(rows, columns);
        for (int a = 0; a < count; a++)
        {
            for (int b = 0; b <= a; b++)
            {
                double dot = 0;
                for (int k = 0; k < length; k++)
                {
                    dot += rows <= columns
                        ? (double)w[(a * columns) + k] * w[(b * columns) + k]
                        : (double)w[(k * columns) + a] * w[(k * columns) + b];
                }

                // Stored as floats: a rounding of 6e-8 in each of up to 40 products of size 4/40.
                Assert.Equal(a == b ? 4.0 : 0.0, dot, 2e-6);
            }
        }
    }

    [Fact]
    public void BlocksAreMatricesOfTheirOwn()
    {
        var parameter = new Parameter(Device, "w", new Shape(8, 4));
        new OrthogonalInit().Apply(parameter, blocks: 2);
        float[] w = parameter.ToArray();
        for (int block = 0; block < 2; block++)
        {
            double dot = 0, norm = 0;
            for (int k = 0; k < 4; k++)
            {
                dot += w[(16 * block) + k] * w[(16 * block) + 4 + k];
                norm += w[(16 * block) + k] * w[(16 * block) + k];
            }

            Assert.Equal(0, dot, 1e-6);
            Assert.Equal(1, norm, 1e-6);
        }

        Assert.NotEqual(w[..16], w[16..]);
        Assert.Throws<ArgumentException>(() => new OrthogonalInit().Apply(parameter, blocks: 3));
        Assert.Throws<ArgumentException>(() => new OrthogonalInit().Apply(new Parameter(Device, "v", new Shape(3))));
    }

    [Fact]
    public void NumbersDependOnSeedAndIndexOnly()
    {
        static float[] Second(ulong seed, int firstSize)
        {
            using Device device = NewDevice(seed);
            var first = new Parameter(device, "a", new Shape(firstSize));
            new NormalInit(1f).Apply(first);
            var second = new Parameter(device, "b", new Shape(5));
            new NormalInit(1f).Apply(second);
            Assert.NotEqual(first.ToArray()[..3], second.ToArray()[..3]);
            return second.ToArray();
        }

        Assert.Equal(Second(1, 3), Second(1, 17));
        Assert.NotEqual(Second(1, 3), Second(2, 3));
    }

    private float[] Init(Initializer initializer, int rows, int columns)
    {
        var parameter = new Parameter(Device, "w", new Shape(rows, columns));
        initializer.Apply(parameter);
        return parameter.ToArray();
    }

    private static void CheckMoments(float[] values, double deviation)
    {
        double mean = values.Average(), variance = values.Average(v => (v - mean) * (v - mean));
        Assert.Equal(0, mean, 0.03 * deviation);
        Assert.Equal(deviation, Math.Sqrt(variance), 0.03 * deviation);
    }
}
