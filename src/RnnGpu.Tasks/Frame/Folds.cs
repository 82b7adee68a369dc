using RnnGpu.Core;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Frame;

/// <summary>Folds of cross-validation. They depend on the seed only, and are of equal size to within one sample.</summary>
public static class Folds
{
    private const uint Site = 0x464F_4C44;

    /// <summary>By a shuffle.</summary>
    /// <exception cref="DataException">Fewer samples than folds.</exception>
    public static IReadOnlyList<int[]> Shuffled(int count, int folds, ulong seed) => Deal(Shuffle(count, folds, seed), folds);

    /// <summary>By a shuffle within each class, so that every fold has about the same part of each.</summary>
    /// <param name="classes">Class of each sample.</param>
    /// <param name="folds">How many.</param>
    /// <param name="seed">Of the shuffle.</param>
    /// <exception cref="DataException">Fewer samples than folds.</exception>
    public static IReadOnlyList<int[]> Stratified(IReadOnlyList<int> classes, int folds, ulong seed) =>
        Deal([.. Shuffle(classes.Count, folds, seed).OrderBy(i => classes[i])], folds);

    /// <summary>All samples but those of a fold, in ascending order.</summary>
    public static int[] Others(int count, int[] fold) => [.. Enumerable.Range(0, count).Except(fold)];

    private static int[][] Deal(int[] order, int folds) =>
        [.. Enumerable.Range(0, folds).Select(fold => Enumerable.Range(0, order.Length).Where(i => i % folds == fold).Select(i => order[i]).Order().ToArray())];

    private static int[] Shuffle(int count, int folds, ulong seed)
    {
        if (count < folds) { throw new DataException($"{count} samples are too few for {folds} folds"); }
        int[] order = [.. Enumerable.Range(0, count)];
        var key = new RandomKey(seed, 0, Site);
        Span<uint> words = stackalloc uint[4];
        for (int i = count - 1; i > 0; i--)
        {
            Philox.Block(key, (ulong)i, words);
            int j = (int)(((ulong)words[0] * (uint)(i + 1)) >> 32);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
