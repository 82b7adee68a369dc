using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    /// <summary>Lengths of one-dimensional operations: the awkward ones, none, and more than a worker's share.</summary>
    private static readonly int[] Lengths = [0, 1, 3, 7, 16, 17, 63, 64, 65, 100, 168, 5003, 40001];

    public static TheoryData<UnaryOp> UnaryOps() => new(Enum.GetValues<UnaryOp>());

    private static (float Parameter, float Low, float High) DomainOf(UnaryOp op) => op switch
    {
        UnaryOp.Log or UnaryOp.Sqrt => (0, 1e-3f, 20),
        UnaryOp.Exp => (0, -30, 30),
        UnaryOp.Sigmoid or UnaryOp.Tanh => (0, -12, 12),
        UnaryOp.LeakyRelu => (0.03f, -2, 2),
        UnaryOp.Clamp => (0.75f, -2, 2),
        _ => (-1.7f, -3, 3),
    };

    private static double UnaryTolerance(UnaryOp op, double y) =>
        op is UnaryOp.Sigmoid or UnaryOp.Tanh or UnaryOp.Exp or UnaryOp.Log ? Tolerances.Elementary(y) : Tolerances.Chain(1, Math.Abs(y));

    [ContractTheory]
    [MemberData(nameof(UnaryOps))]
    public void Unary_functions_equal_the_reference(UnaryOp op)
    {
        (float p, float low, float high) = DomainOf(op);
        foreach (int length in Lengths)
        {
            float[] x = new TestData((ulong)length).Uniform(length, low, high);
            CheckUnary(op, p, x);
        }
    }

    [ContractTheory]
    [MemberData(nameof(UnaryOps))]
    public void Unary_functions_take_extreme_values(UnaryOp op)
    {
        float[] x =
        [
            0, -0f, 1e-30f, -1e-30f, 1e-6f, -1e-6f, 0.3f, 1, -1, 9.5f, -9.5f, 20, -20, 86, -86, 89, -89, 105, -105, 1e10f, -1e10f, 3e38f, -3e38f,
            float.PositiveInfinity, float.NegativeInfinity, 0.6249f, 0.6251f, -0.6251f,
        ];
        CheckUnary(op, op == UnaryOp.Clamp ? 5 : 0.5f, x);
        if (op is not (UnaryOp.Step or UnaryOp.Clamp)) { CheckUnary(op, 0.5f, [1, float.NaN, 2, float.NaN]); }
    }

    private void CheckUnary(UnaryOp op, float p, float[] x)
    {
        double[] expected = Array.ConvertAll(x, value => ElementwiseReference.Unary(op, p, value));
        double[] tolerances = Array.ConvertAll(expected, y => UnaryTolerance(op, y));
        string context = $"{op} of {x.Length}";
        using var tensors = new GuardedTensors(Backend);
        GuardedTensor source = tensors.Source("x", x, x.Length), y = tensors.Destination("y", x.Length), both = tensors.Updated("x = y", x, x.Length);
        Backend.Unary(op, p, source.View, y.View);
        Compare.Near(context, expected, y.Floats(), tolerances);
        Backend.Unary(op, p, both.View, both.View);
        Compare.Bits($"{context} in place", y.Floats(), both.Floats());
        tensors.Check(context);
    }

    [ContractTheory]
    [MemberData(nameof(UnaryOps))]
    public void Unary_gradients_equal_the_reference(UnaryOp op)
    {
        (float p, float low, float high) = DomainOf(op);
        foreach (int length in Lengths)
        {
            var data = new TestData((ulong)length + 1);
            float[] x = data.Uniform(length, low, high), dy = data.Uniform(length), old = data.Uniform(length);
            if (length > 3 && low < 0) { x[2] = 0; }
            float[] y = Array.ConvertAll(x, value => (float)ElementwiseReference.Unary(op, p, value));
            double[] expected = new double[length], tolerances = new double[length], added = new double[length];
            for (int i = 0; i < length; i++)
            {
                double slope = ElementwiseReference.Slope(op, p, x[i]);
                expected[i] = dy[i] * slope;
                added[i] = expected[i] + old[i];

                // Slopes of sigmoid and tanh come from y by 1 - y or 1 - y², which keeps an absolute accuracy.
                tolerances[i] = Tolerances.Chain(8, Math.Abs(dy[i]) * (Math.Abs(slope) + (op is UnaryOp.Sigmoid or UnaryOp.Tanh ? 1 : 0)));
            }

            string context = $"gradient of {op}, {length}";
            using var tensors = new GuardedTensors(Backend);
            TensorView xv = tensors.Source("x", x, length).View, yv = tensors.Source("y", y, length).View, dyv = tensors.Source("dy", dy, length).View;
            GuardedTensor dx = tensors.Destination("dx", length), sum = tensors.Updated("dx, accumulated", old, length);
            GuardedTensor both = tensors.Updated("dx = dy", dy, length);
            Backend.UnaryBackward(op, p, xv, yv, dyv, accumulate: false, dx.View);
            Compare.Near(context, expected, dx.Floats(), tolerances);
            Backend.UnaryBackward(op, p, xv, yv, both.View, accumulate: false, both.View);
            Compare.Bits($"{context}, in place", dx.Floats(), both.Floats());
            Backend.UnaryBackward(op, p, xv, yv, dyv, accumulate: true, sum.View);
            for (int i = 0; i < length; i++) { tolerances[i] += Tolerances.Chain(1, Math.Abs(added[i])); }
            Compare.Near($"{context}, accumulated", added, sum.Floats(), tolerances);
            tensors.Check(context);
        }
    }

    private static readonly (int[] A, int[] B, int[] Y)[] Broadcasts =
    [
        ([1], [1], [1]), ([7], [7], [7]), ([65], [65], [65]), ([5, 7], [5, 7], [5, 7]), ([5, 7], [7], [5, 7]), ([7], [5, 7], [5, 7]),
        ([5, 7], [5, 1], [5, 7]), ([5, 1], [1, 7], [5, 7]), ([5, 7], [1], [5, 7]), ([], [17], [17]), ([17], [], [17]), ([], [], []),
        ([17, 65], [65], [17, 65]), ([17, 65], [17, 1], [17, 65]), ([2, 3, 1, 5], [3, 4, 1], [2, 3, 4, 5]), ([4, 1, 17], [1, 3, 1], [4, 3, 17]),
        ([2, 1, 3, 1, 2, 1], [3, 1, 2, 1, 5], [2, 3, 3, 2, 2, 5]), ([0, 3], [3], [0, 3]), ([3, 0], [3, 1], [3, 0]), ([100, 168], [100, 168], [100, 168]),
        ([100, 168], [168], [100, 168]), ([300, 65], [300, 65], [300, 65]), ([3, 64, 16], [3, 1, 16], [3, 64, 16]),
    ];

    public static TheoryData<BinaryOp> BinaryOps() => new(Enum.GetValues<BinaryOp>());

    [ContractTheory]
    [MemberData(nameof(BinaryOps))]
    public void Binary_functions_broadcast_and_round_once(BinaryOp op)
    {
        foreach ((int[] aShape, int[] bShape, int[] yShape) in Broadcasts)
        {
            int[] aMap = ElementwiseReference.Broadcast(aShape, yShape), bMap = ElementwiseReference.Broadcast(bShape, yShape);
            var data = new TestData((ulong)aMap.Length);
            float[] a = data.Uniform(new Shape(aShape).Length, -2, 3), b = data.Uniform(new Shape(bShape).Length, 0.2f, 4);
            var expected = new float[aMap.Length];

            // Two floats' sum, product or quotient in double, rounded to float, is the correctly rounded one (53 >= 2 * 24 + 2).
            for (int i = 0; i < expected.Length; i++) { expected[i] = (float)ElementwiseReference.Binary(op, a[aMap[i]], b[bMap[i]]); }
            string context = $"{op} of {new Shape(aShape)} and {new Shape(bShape)}";
            using var tensors = new GuardedTensors(Backend);
            TensorView av = tensors.Source("a", a, aShape).View, bv = tensors.Source("b", b, bShape).View;
            GuardedTensor y = tensors.Destination("y", yShape);
            Backend.Binary(op, av, bv, y.View);
            Compare.Bits(context, expected, y.Floats());
            if (aShape.AsSpan().SequenceEqual(yShape))
            {
                GuardedTensor both = tensors.Updated("a = y", a, aShape);
                Backend.Binary(op, both.View, bv, both.View);
                Compare.Bits($"{context} into a", expected, both.Floats());
            }

            if (bShape.AsSpan().SequenceEqual(yShape))
            {
                GuardedTensor both = tensors.Updated("b = y", b, bShape);
                Backend.Binary(op, av, both.View, both.View);
                Compare.Bits($"{context} into b", expected, both.Floats());
            }

            tensors.Check(context);
        }
    }

    [ContractFact]
    public void Maximum_and_minimum_keep_nan()
    {
        using var tensors = new GuardedTensors(Backend);
        float[] left = [.. Enumerable.Repeat(1f, 40)], right = [.. Enumerable.Repeat(2f, 40)];
        (left[3], right[20], left[39]) = (float.NaN, float.NaN, float.NaN);
        TensorView a = tensors.Source("a", left, 40).View, b = tensors.Source("b", right, 40).View;
        foreach (BinaryOp op in (ReadOnlySpan<BinaryOp>)[BinaryOp.Maximum, BinaryOp.Minimum])
        {
            GuardedTensor y = tensors.Destination("y", 40);
            Backend.Binary(op, a, b, y.View);
            float[] actual = y.Floats();
            for (int i = 0; i < 40; i++) { Assert.Equal(i is 3 or 20 or 39 ? float.NaN : op == BinaryOp.Maximum ? 2f : 1f, actual[i]); }
        }

        tensors.Check("maximum and minimum");
    }

    [ContractFact]
    public void Fill_and_copy_touch_every_element_and_no_other()
    {
        foreach (int length in Lengths)
        {
            var data = new TestData((ulong)length);
            float[] x = data.Uniform(length);
            int[] tokens = data.Integers(length, -5, 1000);
            using var tensors = new GuardedTensors(Backend);
            foreach (float value in (ReadOnlySpan<float>)[0, -0f, 3.5f, float.NegativeInfinity, float.NaN])
            {
                GuardedTensor filled = tensors.Destination("filled", length);
                Backend.Fill(value, filled.View);
                Compare.Bits($"{length} filled with {value}", [.. Enumerable.Repeat(value, length)], filled.Floats());
            }

            GuardedTensor copy = tensors.Destination("copy", 1, length), ints = tensors.IntDestination("copy of ints", length);
            Backend.Copy(tensors.Source("x", x, length, 1).View, copy.View);
            Backend.Copy(tensors.Source("tokens", tokens, length).View, ints.View);
            Compare.Bits($"copy of {length}", x, copy.Floats());
            Compare.Same($"copy of {length} ints", tokens, ints.Ints());
            tensors.Check($"fill and copy of {length}");
        }
    }

    [ContractFact]
    public void Scaled_sums_equal_the_reference()
    {
        foreach (int length in Lengths)
        {
            var data = new TestData((ulong)length);
            float[] x = data.Uniform(length), y = data.Uniform(length);
            foreach ((float alpha, float beta) in new[] { (1f, 1f), (0.3f, -1.7f), (-2f, 1f), (0.5f, 0f), (0f, 0.25f) })
            {
                using var tensors = new GuardedTensors(Backend);
                GuardedTensor target = beta == 0 ? tensors.Destination("y", length) : tensors.Updated("y", y, length);
                Backend.AddScaled(alpha, tensors.Source("x", x, length).View, beta, target.View);
                double[] expected = [.. x.Zip(y, (a, b) => ((double)alpha * a) + ((double)beta * b))];
                double[] tolerances = [.. x.Zip(y, (a, b) => Tolerances.Chain(2, Math.Abs(alpha * a) + Math.Abs(beta * b)))];
                Compare.Near($"{alpha} x + {beta} y of {length}", expected, target.Floats(), tolerances);
                tensors.Check($"{alpha} x + {beta} y of {length}");
            }
        }
    }
}
