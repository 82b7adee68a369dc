namespace RnnGpu.Tasks.Dna;

/// <summary>
/// Families of nearly equal sequences: copies of one gene on both sides of a split would make a model look better than it is. Two sequences are of one family
/// when they share half of the shorter one's sketch: of its words of 16 letters, those whose hash is lowest (Broder 1997), about 32 for a sequence of mean length.
/// </summary>
public static class Families
{
    private const int WordLength = 16, SketchSize = 32;

    /// <summary>Family of each sequence, numbered in the order of their first members.</summary>
    public static int[] Of(IReadOnlyList<string> sequences)
    {
        uint every = (uint)Math.Max(1, sequences.Average(letters => letters.Length) / SketchSize);
        uint[][] sketches = [.. sequences.Select(letters => Sketch(letters, uint.MaxValue / every))];
        var holders = new Dictionary<uint, List<int>>();
        int[] parent = [.. Enumerable.Range(0, sequences.Count)];
        for (int i = 0; i < sketches.Length; i++)
        {
            var shared = new Dictionary<int, int>();
            foreach (uint hash in sketches[i])
            {
                if (!holders.TryGetValue(hash, out List<int>? others)) { holders.Add(hash, others = []); }
                foreach (int other in others) { shared[other] = shared.GetValueOrDefault(other) + 1; }
                others.Add(i);
            }

            foreach ((int other, int count) in shared)
            {
                if (2 * count >= Math.Min(sketches[i].Length, sketches[other].Length)) { Join(parent, i, other); }
            }
        }

        var numbers = new Dictionary<int, int>();
        return [.. Enumerable.Range(0, sequences.Count).Select(i => Root(parent, i)).Select(root => numbers.TryAdd(root, numbers.Count) ? numbers.Count - 1 : numbers[root])];
    }

    /// <summary>Hashes of a sequence's words that are low enough; of a short one, of the whole.</summary>
    private static uint[] Sketch(string letters, uint limit)
    {
        var hashes = new HashSet<uint>();
        for (int i = 0; i <= letters.Length - WordLength; i++)
        {
            uint hash = Hash(letters.AsSpan(i, WordLength));
            if (hash <= limit) { hashes.Add(hash); }
        }

        if (hashes.Count == 0) { hashes.Add(Hash(letters)); }
        return [.. hashes.Order()];
    }

    /// <summary>FNV-1a with a last mixing, the same on every machine.</summary>
    private static uint Hash(ReadOnlySpan<char> letters)
    {
        uint hash = 2166136261;
        foreach (char letter in letters) { hash = (hash ^ char.ToUpperInvariant(letter)) * 16777619; }
        hash = (hash ^ (hash >> 15)) * 0x2C1B3C6D;
        hash = (hash ^ (hash >> 12)) * 0x297A2D39;
        return hash ^ (hash >> 15);
    }

    private static int Root(int[] parent, int i)
    {
        while (parent[i] != i) { i = parent[i] = parent[parent[i]]; }
        return i;
    }

    private static void Join(int[] parent, int a, int b)
    {
        (a, b) = (Root(parent, a), Root(parent, b));
        parent[Math.Max(a, b)] = Math.Min(a, b);
    }
}
