using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    /// <summary>A box copied between two walks: sizes, steps in a source of S elements, steps in a destination of D.</summary>
    private sealed record Walk(string What, int[] Shape, int Source, long[] From, int Destination, long[] To);

    private static readonly Walk[] Walks =
    [
        new("vector", [17], 17, [1], 17, [1]),
        new("every third", [7], 19, [3], 7, [1]),
        new("into every second", [65], 65, [1], 129, [2]),
        new("transposition", [7, 5], 35, [1, 7], 35, [5, 1]),
        new("large transposition", [65, 100], 6500, [1, 65], 6500, [100, 1]),
        new("columns of a matrix", [9, 16], 9 * 33, [33, 1], 144, [16, 1]),
        new("into columns of a matrix", [9, 17], 153, [17, 1], 9 * 40, [40, 1]),
        new("exchange of the first two axes", [4, 3, 64], 768, [64, 256, 1], 768, [192, 64, 1]),
        new("repetition", [5, 3], 3, [0, 1], 15, [3, 1]),
        new("scalar", [], 1, [], 1, []),
        new("nothing", [3, 0], 3, [1, 1], 3, [1, 1]),
        new("six axes", [2, 1, 3, 2, 1, 4], 48, [24, 24, 8, 4, 4, 1], 48, [1, 2, 2, 6, 12, 12]),
        new("a batch's rows", [100, 168], 100 * 170, [170, 1], 100 * 168, [168, 1]),
    ];

    [ContractFact]
    public void Strided_copies_follow_both_walks()
    {
        foreach (Walk walk in Walks)
        {
            var data = new TestData((ulong)walk.Source);
            float[] source = data.Uniform(walk.Source), old = data.Uniform(walk.Destination);
            int[] tokens = data.Integers(walk.Source, -9, 99), oldTokens = data.Integers(walk.Destination, -9, 99);
            float[] expected = (float[])old.Clone(), sums = (float[])old.Clone();
            int[] expectedTokens = (int[])oldTokens.Clone();
            foreach ((long from, long to) in Steps(walk))
            {
                expected[to] = source[from];
                sums[to] += source[from];
                expectedTokens[to] = tokens[from];
            }

            using var tensors = new GuardedTensors(Backend);
            var shape = new Shape(walk.Shape);
            Strides fromStrides = new(walk.From), toStrides = new(walk.To);
            TensorView x = tensors.Source("source", source, walk.Source).View;
            GuardedTensor y = tensors.Updated("destination", old, walk.Destination), sum = tensors.Updated("sum", old, walk.Destination);
            Backend.CopyStrided(x, fromStrides, shape, accumulate: false, y.View, toStrides);
            Backend.CopyStrided(x, fromStrides, shape, accumulate: true, sum.View, toStrides);
            Compare.Bits(walk.What, expected, y.Floats());
            Compare.Bits($"{walk.What}, accumulated", sums, sum.Floats());

            // Ints share the float destination's helper: the same bits under another type.
            GuardedTensor ints = tensors.Updated("int destination", Array.ConvertAll(oldTokens, BitConverter.Int32BitsToSingle), walk.Destination);
            TensorView intView = new(ints.View.Buffer!, ints.View.Offset, ints.View.Shape, DType.I32);
            Backend.CopyStrided(tensors.Source("tokens", tokens, walk.Source).View, fromStrides, shape, accumulate: false, intView, toStrides);
            Compare.Same($"{walk.What} of ints", expectedTokens, ints.Ints());
            tensors.Check(walk.What);
        }
    }

    private static IEnumerable<(long From, long To)> Steps(Walk walk)
    {
        long count = new Shape(walk.Shape).Length;
        for (long i = 0; i < count; i++)
        {
            long rest = i, from = 0, to = 0;
            for (int axis = walk.Shape.Length - 1; axis >= 0; axis--)
            {
                long index = rest % walk.Shape[axis];
                rest /= walk.Shape[axis];
                from += index * walk.From[axis];
                to += index * walk.To[axis];
            }

            yield return (from, to);
        }
    }

    [ContractFact]
    public void Strided_copies_refuse_walks_that_leave_their_view()
    {
        using var tensors = new GuardedTensors(Backend);
        var data = new TestData(3);
        TensorView x = tensors.Source("x", data.Uniform(12), 3, 4).View, y = tensors.Updated("y", data.Uniform(12), 3, 4).View;
        var good = new Strides(4, 1);
        Assert.ThrowsAny<ArgumentException>(() => Backend.CopyStrided(x, new Strides(5, 1), new Shape(3, 4), accumulate: false, y, good));
        Assert.ThrowsAny<ArgumentException>(() => Backend.CopyStrided(x, good, new Shape(3, 4), accumulate: false, y, new Strides(4, 2)));
        Assert.ThrowsAny<ArgumentException>(() => Backend.CopyStrided(x, new Strides(-4, 1), new Shape(3, 4), accumulate: false, y, good));
        tensors.Check("refused copy");
    }
}
