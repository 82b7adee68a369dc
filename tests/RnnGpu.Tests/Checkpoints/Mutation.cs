using FsCheck;
using FsCheck.Fluent;

namespace RnnGpu.Tests.Checkpoints;

/// <summary>Random damage to bytes: flips, cuts, insertions, copies, and changes to digits and structure.</summary>
internal static class Mutation
{
    private static readonly byte[] Telling = "{}[]\",:0123456789-e.\\\0 \xFF"u8.ToArray();

    /// <summary>One to four strokes, each a kind, a place and a value.</summary>
    public static Arbitrary<int[]> Strokes { get; } = Gen.Choose(1, 4)
        .SelectMany(strokes => Gen.Choose(0, int.MaxValue - 1).ArrayOf(3 * strokes))
        .ToArbitrary();

    public static byte[] Apply(byte[] original, int[] strokes)
    {
        var bytes = new List<byte>(original);
        for (int i = 0; i + 2 < strokes.Length; i += 3)
        {
            Stroke(bytes, strokes[i] % 9, strokes[i + 1], strokes[i + 2]);
        }

        return [.. bytes];
    }

    private static void Stroke(List<byte> bytes, int kind, int place, int value)
    {
        if (bytes.Count == 0)
        {
            return;
        }

        int at = place % bytes.Count;
        int count = Math.Min(1 + (value % 16), bytes.Count - at);
        switch (kind)
        {
            case 0:
                bytes[at] ^= (byte)(1 << (value % 8));
                break;
            case 1:
                bytes[at] = (byte)value;
                break;
            case 2:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 3:
                bytes.RemoveRange(at, count);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, count));
                break;
            case 5:
                bytes.Insert(at, Telling[value % Telling.Length]);
                break;
            case 6:
                bytes[at] = Telling[value % Telling.Length];
                break;
            case 7:
                // The nearest digit from here on becomes another: sizes and offsets that lie.
                int digit = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
                if (digit >= 0)
                {
                    bytes[digit] = (byte)('0' + (value % 10));
                }

                break;
            default:
                bytes.AddRange(bytes.GetRange(at, count));
                break;
        }
    }
}
