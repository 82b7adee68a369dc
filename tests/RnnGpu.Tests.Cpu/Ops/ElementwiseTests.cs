using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

public class ElementwiseTests
{
    private const int Count = 70_003;

    // A few units in the last place of a float.
    private const double Tight = 6e-7;

    [Theory]
    [InlineData(UnaryOp.Negate)]
    [InlineData(UnaryOp.Scale)]
    [InlineData(UnaryOp.Shift)]
    [InlineData(UnaryOp.Sigmoid)]
    [InlineData(UnaryOp.Tanh)]
    [InlineData(UnaryOp.Relu)]
    [InlineData(UnaryOp.LeakyRelu)]
    [InlineData(UnaryOp.Step)]
    [InlineData(UnaryOp.Exp)]
    [InlineData(UnaryOp.Log)]
    [InlineData(UnaryOp.Sqrt)]
    [InlineData(UnaryOp.Square)]
    [InlineData(UnaryOp.Abs)]
    [InlineData(UnaryOp.Clamp)]
    public void Functions_and_their_gradients(UnaryOp op)
    {
        const float P = 0.7f;
        float[] x = Machines.Numbers(Count, 1, 5f), dy = Machines.Numbers(Count, 2), old = Machines.Numbers(Count, 3);
        if (op is UnaryOp.Log or UnaryOp.Sqrt) { x = Array.ConvertAll(x, v => MathF.Abs(v) + 1e-3f); }
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x), ty = m.Make(Count), tdy = m.Put(dy), dx = m.Make(Count), sum = m.Put(old);
            m.Backend.Unary(op, P, tx, ty);
            m.Backend.UnaryBackward(op, P, tx, ty, tdy, accumulate: false, dx);
            m.Backend.UnaryBackward(op, P, tx, ty, tdy, accumulate: true, sum);
            return [.. m.Get(ty), .. m.Get(dx), .. m.Get(sum)];
        });

        var expected = new double[3 * Count];
        for (int i = 0; i < Count; i++)
        {
            (double y, double slope) = Reference(op, x[i], P);
            expected[i] = y;
            expected[Count + i] = slope * dy[i];
            expected[(2 * Count) + i] = old[i] + (slope * dy[i]);
        }

        // gradients through a rounded y lose a little where they are large
        Machines.Near(expected, got, 2 * Tight);
    }

    [Fact]
    public void Logarithm_at_its_ends()
    {
        float[] x = [0f, -1f, float.PositiveInfinity, float.NaN, float.Epsilon, 1e-40f, 1.17549435e-38f, float.MaxValue, 1.7e38f, 1f, 0.99999994f, 1.0000001f];
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Make(x.Length);
            m.Backend.Unary(UnaryOp.Log, 0f, m.Put(x), y);
            return m.Get(y);
        });
        for (int i = 0; i < x.Length; i++)
        {
            double exact = Math.Log(x[i]);
            Assert.True(exact.Equals((double)got[i]) || Math.Abs(got[i] - exact) <= 2.5e-7 * Math.Abs(exact), $"log {x[i]:R} = {got[i]:R}, not {exact:R}");
        }
    }

    [Fact]
    public void Logarithm_over_all_magnitudes()
    {
        // bit patterns from the smallest subnormal to the largest float, and closely around 1
        float[] x = [
            .. Enumerable.Range(0, 200_000).Select(i => BitConverter.Int32BitsToSingle(1 + (i * 10_690))),
            .. Enumerable.Range(-20_000, 40_000).Select(i => BitConverter.Int32BitsToSingle(0x3F800000 + (i * 97)))];
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Make(x.Length);
            m.Backend.Unary(UnaryOp.Log, 0f, m.Put(x), y);
            return m.Get(y);
        });

        // two units in the last place
        double worst = x.Zip(got, (v, y) => Math.Abs(y - Math.Log(v)) / Math.Max(1e-30, Math.Abs(Math.Log(v)))).Max();
        Assert.InRange(worst, 0, 2.4e-7);
    }

    [Theory]
    [InlineData(new[] { 70, 1003 }, new[] { 70, 1003 })]
    [InlineData(new[] { 70, 1003 }, new[] { 1003 })]
    [InlineData(new[] { 70, 1003 }, new[] { 70, 1 })]
    [InlineData(new[] { 70, 1003 }, new[] { 1 })]
    [InlineData(new[] { 1, 37, 1, 11 }, new[] { 101, 1, 5, 1 })]
    [InlineData(new[] { 3, 1, 5 }, new[] { 1, 4, 5 })]
    public void Two_operands_broadcast(int[] shapeA, int[] shapeB)
    {
        float[] a = Machines.Numbers(shapeA.Aggregate((p, q) => p * q), 4), b = Machines.Numbers(shapeB.Aggregate((p, q) => p * q), 5);
        b = Array.ConvertAll(b, v => v + MathF.CopySign(0.1f, v));
        int rank = Math.Max(shapeA.Length, shapeB.Length);
        int[] shape = [.. Enumerable.Range(0, rank).Select(i => Math.Max(Size(shapeA, rank, i), Size(shapeB, rank, i)))];
        int count = shape.Aggregate((p, q) => p * q);
        foreach (BinaryOp op in Enum.GetValues<BinaryOp>())
        {
            float[] got = Machines.Run(m =>
            {
                TensorView y = m.Make(shape);
                m.Backend.Binary(op, m.Put(a, shapeA), m.Put(b, shapeB), y);
                return m.Get(y);
            });
            var expected = new float[count];
            for (int i = 0; i < count; i++)
            {
                float p = a[Source(shapeA, shape, i)], q = b[Source(shapeB, shape, i)];
                expected[i] = op switch
                {
                    BinaryOp.Add => p + q,
                    BinaryOp.Subtract => p - q,
                    BinaryOp.Multiply => p * q,
                    BinaryOp.Divide => p / q,
                    BinaryOp.Maximum => MathF.Max(p, q),
                    _ => MathF.Min(p, q),
                };
            }

            Assert.Equal(expected, got);
        }
    }

    [Fact]
    public void Shapes_that_do_not_broadcast_are_refused()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        TensorView a = m.Make(2, 3), b = m.Make(2), y = m.Make(2, 3);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => m.Backend.Binary(BinaryOp.Add, a, b, y));
        Assert.Contains("b F32[2] does not broadcast to y F32[2, 3]", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fill_copy_and_scaled_sums()
    {
        float[] x = Machines.Numbers(Count, 6), y = Machines.Numbers(Count, 7);
        float[] got = Machines.Run(m =>
        {
            TensorView tx = m.Put(x), sum = m.Put(y), fresh = m.Make(Count), filled = m.Make(Count), copy = m.Make(Count);
            m.Backend.AddScaled(0.5f, tx, 2f, sum);
            m.Backend.AddScaled(3f, tx, 0f, fresh);
            m.Backend.Fill(1.5f, filled);
            m.Backend.Copy(tx, copy);
            return [.. m.Get(sum), .. m.Get(fresh), .. m.Get(filled), .. m.Get(copy)];
        });
        Machines.Near(
            [.. x.Zip(y, (p, q) => (0.5 * p) + (2.0 * q)), .. x.Select(p => 3.0 * p), .. x.Select(_ => 1.5), .. x.Select(p => (double)p)], got, Tight);
    }

    [Theory]
    [InlineData(ElementLoss.SquaredError)]
    [InlineData(ElementLoss.AbsoluteError)]
    [InlineData(ElementLoss.BinaryCrossEntropy)]
    public void Losses(ElementLoss kind)
    {
        float[] x = Machines.Numbers(Count, 8, 30f), t = Array.ConvertAll(Machines.Numbers(Count, 9, 1f), MathF.Abs);
        float[] w = Array.ConvertAll(Machines.Numbers(Count, 10, 1f), MathF.Abs);
        float[] got = Machines.Run(m =>
        {
            TensorView loss = m.Make(Count), dx = m.Make(Count), plain = m.Make(Count);
            m.Backend.ElementwiseLoss(kind, m.Put(x), m.Put(t), m.Put(w), m.Put([0.25f]), loss, dx);
            m.Backend.ElementwiseLoss(kind, m.Put(x), m.Put(t), default, default, plain, default);
            return [.. m.Get(loss), .. m.Get(dx), .. m.Get(plain)];
        });
        var expected = new double[3 * Count];
        for (int i = 0; i < Count; i++)
        {
            double d = (double)x[i] - t[i];
            (double loss, double slope) = kind switch
            {
                ElementLoss.SquaredError => (d * d, 2 * d),
                ElementLoss.AbsoluteError => (Math.Abs(d), Math.Sign(d)),
                _ => (Math.Max(x[i], 0.0) - ((double)x[i] * t[i]) + Math.Log(1 + Math.Exp(-Math.Abs((double)x[i]))), (1 / (1 + Math.Exp(-(double)x[i]))) - t[i]),
            };
            expected[i] = w[i] * loss;
            expected[Count + i] = 0.25 * w[i] * slope;
            expected[(2 * Count) + i] = loss;
        }

        // a difference of terms up to 30
        Machines.Near(expected, got, 30 * 2 * Tight);
    }

    private static int Size(int[] shape, int rank, int axis) =>
        axis < rank - shape.Length ? 1 : shape[axis - (rank - shape.Length)];

    private static int Source(int[] from, int[] to, int index)
    {
        int at = 0, step = 1;
        for (int i = 1; i <= to.Length; i++)
        {
            int here = index % to[^i];
            index /= to[^i];
            if (i > from.Length) { continue; }
            at += from[^i] == 1 ? 0 : here * step;
            step *= from[^i];
        }

        return at;
    }

    private static (double Value, double Slope) Reference(UnaryOp op, double x, double p)
    {
        double s = 1 / (1 + Math.Exp(-x)), t = Math.Tanh(x);
        p = (float)p;
        return op switch
        {
            UnaryOp.Negate => (-x, -1),
            UnaryOp.Scale => (p * x, p),
            UnaryOp.Shift => (x + p, 1),
            UnaryOp.Sigmoid => (s, s * (1 - s)),
            UnaryOp.Tanh => (t, 1 - (t * t)),
            UnaryOp.Relu => (Math.Max(x, 0), x > 0 ? 1 : 0),
            UnaryOp.LeakyRelu => (x > 0 ? x : p * x, x > 0 ? 1 : p),
            UnaryOp.Step => (x > 0 ? 1 : 0, 0),
            UnaryOp.Exp => (Math.Exp(x), Math.Exp(x)),
            UnaryOp.Log => (Math.Log(x), 1 / x),
            UnaryOp.Sqrt => (Math.Sqrt(x), 0.5 / Math.Sqrt(x)),
            UnaryOp.Square => (x * x, 2 * x),
            UnaryOp.Abs => (Math.Abs(x), Math.Sign(x)),
            _ => (Math.Clamp(x, -p, p), Math.Abs(x) > p ? 0 : 1),
        };
    }
}
