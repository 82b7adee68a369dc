using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractFact]
    public void Dropout_is_the_mask_of_its_key()
    {
        var key = new RandomKey(0x1234_5678_9ABC_DEF0, Step: (7UL << 32) + 3, Site: 11);
        foreach (int length in Lengths)
        {
            float[] x = new TestData((ulong)length).Uniform(length, -1, 2);
            foreach ((float p, long first) in new[] { (0f, 0L), (0.1f, 1L), (0.5f, 0L), (0.5f, 6L), (0.9f, 3L), (0.25f, (1L << 34) + 5) })
            {
                double[] mask = TestData.DropoutMask(key, p, first, length);
                double[] expected = [.. x.Zip(mask, (value, factor) => value * factor)];
                string context = $"dropout of {length}, p = {p}, from {first}";
                using var tensors = new GuardedTensors(Backend);
                TensorView source = tensors.Source("x", x, length).View;
                GuardedTensor y = tensors.Destination("y", length), both = tensors.Updated("x = y", x, length), cut = tensors.Destination("in pieces", length);
                Backend.Dropout(source, p, key, first, y.View);

                // x / (1 - p): 1 - p, its reciprocal and the product may each be rounded.
                Compare.Near(context, expected, y.Floats(), Array.ConvertAll(expected, value => Tolerances.Chain(3, Math.Abs(value))));
                Backend.Dropout(both.View, p, key, first, both.View);
                Compare.Bits($"{context}, in place", y.Floats(), both.Floats());
                int piece = length / 3;
                Backend.Dropout(source.Slice(0, new Shape(piece)), p, key, first, cut.View.Slice(0, new Shape(piece)));
                Backend.Dropout(source.Slice(piece, new Shape(length - piece)), p, key, first + piece, cut.View.Slice(piece, new Shape(length - piece)));
                Compare.Bits($"{context}, in pieces", y.Floats(), cut.Floats());
                tensors.Check(context);
            }
        }
    }
}
