using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>
/// Made-up data from Philox: a case's seed gives the same numbers everywhere. Values are floats, so that the float64 reference
/// and a backend start from exactly the same numbers.
/// </summary>
public sealed class TestData(ulong seed)
{
    private readonly PhiloxStream _random = new(new RandomKey(seed, Step: 0, Site: 0x7E57));

    /// <summary>Uniform in [low, high).</summary>
    public float[] Uniform(long count, float low = -1, float high = 1)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++) { values[i] = low + ((high - low) * _random.NextFloat()); }
        return values;
    }

    /// <summary>Uniform integers in [low, high).</summary>
    public int[] Integers(long count, int low, int high)
    {
        var values = new int[count];
        for (int i = 0; i < values.Length; i++) { values[i] = low + _random.NextInt(high - low); }
        return values;
    }

    /// <summary>One uniform integer in [low, high).</summary>
    public int Integer(int low, int high) => low + _random.NextInt(high - low);

    /// <summary>
    /// Weights of G stacked gates <c>[G*rows, columns]</c>: about 1/sqrt(columns), each gate around a centre of its own, so
    /// that gates read in another order show.
    /// </summary>
    public float[] GateWeights(int gates, int rows, int columns)
    {
        float scale = 1 / MathF.Sqrt(columns);
        float[] values = Uniform((long)gates * rows * columns, -scale, scale);
        for (int i = 0; i < values.Length; i++) { values[i] += scale * 0.25f * ((i / (rows * columns)) - ((gates - 1) / 2f)); }
        return values;
    }

    /// <summary>Lengths of any order with an empty and a full row among them where there is room.</summary>
    public int[] Lengths(int batch, int steps)
    {
        int[] lengths = Integers(batch, 0, steps + 1);
        if (batch > 1) { lengths[batch / 2] = 0; }
        if (batch > 2) { lengths[0] = steps; }
        return lengths;
    }

    /// <summary>Resets <c>[T, B]</c>: about one in four, the first and the last step of some row among them.</summary>
    public int[] Resets(int steps, int batch)
    {
        int[] resets = Integers((long)steps * batch, -3, 2);
        for (int i = 0; i < resets.Length; i++) { resets[i] = Math.Max(resets[i], 0); }
        resets[0] = 1;
        resets[^1] = 1;
        return resets;
    }

    /// <summary>The same numbers as doubles.</summary>
    public static double[] Widen(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++) { wide[i] = values[i]; }
        return wide;
    }

    /// <summary>Factors of inverted dropout, as <see cref="IBackend.Dropout"/> defines them.</summary>
    public static double[] DropoutMask(RandomKey key, float probability, long first, long count)
    {
        var mask = new double[count];
        Span<uint> words = stackalloc uint[4];
        for (long i = 0; i < count; i++)
        {
            Philox.Block(key, (ulong)(first + i) / 4, words);
            mask[i] = Philox.ToUniform(words[(int)((first + i) % 4)]) < probability ? 0 : 1 / (1 - (double)probability);
        }

        return mask;
    }
}
