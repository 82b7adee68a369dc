using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

/// <summary>Strided copies, embedding rows, dropout.</summary>
public class MovementTests
{
    [Theory]
    [InlineData(new[] { 40, 50, 30 }, new[] { 0, 1, 2 }, false)]
    [InlineData(new[] { 40, 50, 30 }, new[] { 1, 0, 2 }, false)]
    [InlineData(new[] { 40, 50, 30 }, new[] { 1, 0, 2 }, true)]
    [InlineData(new[] { 40, 50, 30 }, new[] { 2, 1, 0 }, false)]
    [InlineData(new[] { 40, 50, 30 }, new[] { 0, 2, 1 }, true)]
    [InlineData(new[] { 300, 200 }, new[] { 1, 0 }, false)]
    [InlineData(new[] { 7 }, new[] { 0 }, true)]
    public void Permuted_copies(int[] sizes, int[] order, bool accumulate)
    {
        int rank = sizes.Length, count = sizes.Aggregate((p, q) => p * q);
        float[] x = Machines.Numbers(count, 1), old = Machines.Numbers(count, 2);
        int[] to = [.. order.Select(a => sizes[a])];
        long[] from = Steps(sizes), into = Steps(to), stepsOfSource = [.. order.Select(a => from[a])];
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Put(old, to);
            m.Backend.CopyStrided(m.Put(x, sizes), new Strides(stepsOfSource), new Shape(to), accumulate, y, new Strides(into));
            return m.Get(y);
        });
        var expected = new float[count];
        for (int i = 0; i < count; i++)
        {
            long at = 0;
            for (int a = 0; a < rank; a++) { at += i / into[a] % to[a] * stepsOfSource[a]; }
            expected[i] = accumulate ? old[i] + x[at] : x[at];
        }

        Assert.Equal(expected, got);
    }

    [Fact]
    public void A_slice_is_put_into_the_middle_of_rows_and_ints_keep_their_bits()
    {
        int[] x = Machines.Integers(600, 3, int.MinValue, int.MaxValue);
        foreach (SimdPath path in Enum.GetValues<SimdPath>().Where(SimdPaths.IsSupported))
        {
            using var m = new Machine(path, 1);
            TensorView source = m.Put(x, 20, 30), target = m.Put(new int[200], 20, 10);
            m.Backend.CopyStrided(source.Slice(7, new Shape(593)), new Strides(30, 1), new Shape(20, 4), false, target.Slice(3, new Shape(197)), new Strides(10, 1));
            var got = new int[200];
            m.Backend.Download(target, got.AsSpan());
            for (int i = 0; i < 200; i++) { Assert.Equal(i % 10 is >= 3 and < 7 ? x[(i / 10 * 30) + (i % 10) + 4] : 0, got[i]); }
        }
    }

    [Fact]
    public void Walks_that_leave_a_view_are_refused()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        TensorView x = m.Make(10), y = m.Make(10);
        Assert.Contains("elements 0..11 of source", Refusal(new Strides(11), new Strides(1)), StringComparison.Ordinal);
        Assert.Contains("elements -1..0 of destination", Refusal(new Strides(1), new Strides(-1)), StringComparison.Ordinal);
        string Refusal(Strides from, Strides to) =>
            Assert.Throws<ArgumentException>(() => m.Backend.CopyStrided(x, from, new Shape(2), false, y, to)).Message;
    }

    [Theory]
    [InlineData(3000, 65, 33)]
    [InlineData(50, 7, 5)]
    public void Rows_of_a_table_and_their_gradient(int count, int rows, int columns)
    {
        float[] table = Machines.Numbers(rows * columns, 4), dy = Machines.Numbers(count * columns, 5), old = Machines.Numbers(rows * columns, 6);
        int[] indices = Machines.Integers(count, 7, -1, rows);
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Make(count, columns), gradient = m.Put(old, rows, columns), at = m.Put(indices);
            m.Backend.Gather(m.Put(table, rows, columns), at, y);
            m.Backend.ScatterAdd(m.Put(dy, count, columns), at, gradient);
            return [.. m.Get(y), .. m.Get(gradient)];
        });
        float[] sum = [.. new float[count * columns], .. old];
        for (int n = 0; n < count; n++)
        {
            for (int c = 0; c < columns; c++)
            {
                if (indices[n] < 0) { continue; }
                int at = (indices[n] * columns) + c;
                sum[(n * columns) + c] = table[at];
                sum[(count * columns) + at] += dy[(n * columns) + c];
            }
        }

        Assert.Equal(sum, got);
    }

    [Fact]
    public void An_index_beyond_the_table_is_named()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        var indices = new int[12];
        indices[9] = 4;
        TensorView table = m.Make(4, 3), at = m.Put(indices), y = m.Make(12, 3);
        Assert.Equal(
            "Gather: index 4 in row 9 is not below the 4 rows of the table",
            Assert.Throws<ArgumentException>(() => m.Backend.Gather(table, at, y)).Message);
        Assert.StartsWith("ScatterAdd: index 4 in row 9", Assert.Throws<ArgumentException>(() => m.Backend.ScatterAdd(y, at, table)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0L, 70_001)]
    [InlineData(1_003L, 333)]
    [InlineData((1L << 34) - 130, 517)]
    public void Dropout_masks_are_the_streams_own(long first, int count)
    {
        const float P = 0.3f;
        var key = new RandomKey(0x123456789ABCDEF0, 0xFEDCBA9876543210, 0xCAFE1234);
        float[] x = Machines.Numbers(count, 8);
        float[] got = Machines.Run(m =>
        {
            TensorView y = m.Make(count), whole = m.Put(x), pieces = m.Put(x);
            m.Backend.Dropout(whole, P, key, first, y);
            int cut = count / 3;
            m.Backend.Dropout(pieces.Slice(0, new Shape(cut)), P, key, first, pieces.Slice(0, new Shape(cut)));
            TensorView rest = pieces.Slice(cut, new Shape(count - cut));
            m.Backend.Dropout(rest, P, key, first + cut, rest);
            Assert.Equal(m.Get(y), m.Get(pieces));
            return m.Get(y);
        });
        var stream = new PhiloxStream(key) { Position = (ulong)first };
        Assert.Equal(Array.ConvertAll(x, v => stream.NextFloat() < P ? 0f : v * (1f / (1f - P))), got);
    }

    private static long[] Steps(int[] sizes)
    {
        var steps = new long[sizes.Length];
        long step = 1;
        for (int i = sizes.Length - 1; i >= 0; i--)
        {
            steps[i] = step;
            step *= sizes[i];
        }

        return steps;
    }
}
