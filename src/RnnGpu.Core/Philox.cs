using System.Runtime.CompilerServices;

namespace RnnGpu.Core;

/// <summary>
/// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): four 32-bit words from a 128-bit
/// counter and a 64-bit key. Element i of a <see cref="RandomKey"/>'s stream is word i % 4 of the block whose counter is
/// (i / 4 low, i / 4 high, step low, site ^ step high) under the seed as key; so any element can be had alone, on any device.
/// </summary>
public static class Philox
{
    /// <summary>Rounds of a block.</summary>
    public const int Rounds = 10;

    /// <summary>Factor of the counter's first word in a round.</summary>
    public const uint Multiplier0 = 0xD2511F53;

    /// <summary>Factor of the counter's third word in a round.</summary>
    public const uint Multiplier1 = 0xCD9E8D57;

    /// <summary>What the key's first word grows by after a round.</summary>
    public const uint Weyl0 = 0x9E3779B9;

    /// <summary>What the key's second word grows by after a round.</summary>
    public const uint Weyl1 = 0xBB67AE85;

    /// <summary>2^-24: the step of uniform numbers.</summary>
    public const float UniformStep = 1f / 16777216f;

    /// <summary>One block of four words.</summary>
    public static void Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, Span<uint> words)
    {
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        words[0] = c0;
        words[1] = c1;
        words[2] = c2;
        words[3] = c3;
    }

    /// <summary>Block <paramref name="index"/> of a stream: its elements 4 index to 4 index + 3.</summary>
    public static void Block(RandomKey key, ulong index, Span<uint> words) => Block(
        (uint)index, (uint)(index >> 32), (uint)key.Step, key.Site ^ (uint)(key.Step >> 32), (uint)key.Seed, (uint)(key.Seed >> 32), words);

    /// <summary>A word as a uniform number in [0, 1): its upper 24 bits, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToUniform(uint word) => (word >> 8) * UniformStep;
}

/// <summary>A sequential reader of one Philox stream, for initialisation and sampling on the host.</summary>
public sealed class PhiloxStream(RandomKey key)
{
    private readonly uint[] _words = new uint[4];

    /// <summary>Key of the stream.</summary>
    public RandomKey Key { get; } = key;

    /// <summary>Elements read so far: the whole state of the generator. Settable, to resume.</summary>
    public ulong Position { get; set; }

    /// <summary>Next 32 bits.</summary>
    public uint NextUInt()
    {
        Philox.Block(Key, Position / 4, _words);
        return _words[Position++ % 4];
    }

    /// <summary>Uniform in [0, 1) with 24 bits.</summary>
    public float NextFloat() => Philox.ToUniform(NextUInt());

    /// <summary>Uniform integer in 0..bound-1, without modulo bias beyond 2^-32.</summary>
    public int NextInt(int bound) => (int)(((ulong)NextUInt() * (uint)bound) >> 32);

    /// <summary>Standard normal (Box and Muller), two words a number.</summary>
    public float NextNormal()
    {
        double u = 1.0 - NextFloat(), v = NextFloat();
        return (float)(Math.Sqrt(-2.0 * Math.Log(u)) * Math.Cos(2.0 * Math.PI * v));
    }
}
