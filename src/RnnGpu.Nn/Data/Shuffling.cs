using RnnGpu.Core;

namespace RnnGpu.Nn.Data;

/// <summary>Shuffles by the counter-based generator: one key, one order, on every machine.</summary>
internal static class Shuffling
{
    /// <summary>Fisher and Yates, in place; allocates nothing.</summary>
    public static void Shuffle(Span<int> items, RandomKey key)
    {
        Span<uint> words = stackalloc uint[4];
        for (int i = items.Length - 1; i > 0; i--)
        {
            if (i % 4 == 3 || i == items.Length - 1) { Philox.Block(key, (ulong)(i / 4), words); }
            int j = (int)(((ulong)words[i % 4] * (uint)(i + 1)) >> 32);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
