using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Ops;

/// <summary>
/// Operations whose order of roundings is the contract's or the formula's own: the kernels give the CPU backend's bits, over aligned
/// tensors (16-byte accesses) and others, and whatever the number of multiprocessors.
/// </summary>
public sealed class SameBitsTests
{
    private const int Count = 3001;

    private static readonly int[] Shifts = [0, 1];

    [Fact]
    public void Functions_of_one_variable()
    {
        float[] x = new TestData(1).Uniform(Count, -9, 9), dy = new TestData(2).Uniform(Count), old = new TestData(3).Uniform(Count);
        (x[0], x[1], x[2], x[3], x[4]) = (0, float.NaN, 120, -120, 1e-40f);
        foreach (UnaryOp op in Enum.GetValues<UnaryOp>())
        {
            Machine.SameBits(op.ToString(), m =>
            {
                var results = new List<float>();
                foreach (int shift in Shifts)
                {
                    TensorView tx = m.Put(x, shift: shift), y = m.Put(old, shift: shift), d = m.Put(dy, shift: shift), dx = m.Put(old, shift: shift);
                    m.Backend.Unary(op, 0.7f, tx, y);
                    m.Backend.UnaryBackward(op, 0.7f, tx, y, d, accumulate: true, dx);
                    m.Backend.UnaryBackward(op, 0.7f, tx, y, d, accumulate: false, d);
                    results.AddRange([.. m.Get(y), .. m.Get(dx), .. m.Get(d)]);
                }

                return [.. results];
            });
        }
    }

    [Fact]
    public void Functions_of_two_variables_and_scaled_sums()
    {
        float[] a = new TestData(4).Uniform(60 * 52, -3, 3), b = new TestData(5).Uniform(60 * 52, -3, 3);
        foreach (BinaryOp op in Enum.GetValues<BinaryOp>())
        {
            Machine.SameBits(op.ToString(), m =>
            {
                var results = new List<float>();
                foreach (int shift in Shifts)
                {
                    TensorView ta = m.Put(a, [60, 52], shift), tb = m.Put(b, [60, 52], shift), y = m.Put(a, [60, 52], shift);
                    foreach (TensorView other in (TensorView[])[tb, tb.Slice(0, new Shape(52)), tb.Slice(0, new Shape(60, 1)), tb.Slice(7, Shape.Scalar)])
                    {
                        m.Backend.Binary(op, ta, other, y);
                        results.AddRange(m.Get(y));
                        m.Backend.Binary(op, other, ta, y);
                        results.AddRange(m.Get(y));
                    }

                    m.Backend.AddScaled(0.3f, tb, 1.7f, y);
                    results.AddRange(m.Get(y));
                    m.Backend.AddScaled(0.3f, tb, 0, y);
                    results.AddRange(m.Get(y));
                }

                return [.. results];
            });
        }
    }

    [Fact]
    public void Losses_of_elements()
    {
        float[] x = new TestData(6).Uniform(Count, -20, 20), t = new TestData(7).Uniform(Count, 0, 1), w = new TestData(8).Uniform(Count, 0, 2);
        foreach (ElementLoss kind in Enum.GetValues<ElementLoss>())
        {
            Machine.SameBits(kind.ToString(), m =>
            {
                var results = new List<float>();
                foreach (int shift in Shifts)
                {
                    TensorView tx = m.Put(x, shift: shift), tt = m.Put(t, shift: shift), tw = m.Put(w, shift: shift), loss = m.Put(x, shift: shift);
                    TensorView scale = m.Put([0.4f]);
                    m.Backend.ElementwiseLoss(kind, tx, tt, default, default, loss, default);
                    results.AddRange(m.Get(loss));
                    m.Backend.ElementwiseLoss(kind, tx, tt, tw, scale, loss, tx);
                    results.AddRange([.. m.Get(loss), .. m.Get(tx)]);
                }

                return [.. results];
            });
        }
    }

    [Theory]
    [InlineData(0L, 70_001)]
    [InlineData(1_003L, 333)]
    [InlineData((1L << 34) - 130, 517)]
    public void Dropout_masks(long first, int count)
    {
        float[] x = new TestData(9).Uniform(count);
        var key = new RandomKey(0x123456789ABCDEF0, 0xFEDCBA9876543210, 0xCAFE1234);
        Machine.SameBits($"dropout from {first}", m =>
        {
            var results = new List<float>();
            foreach (int shift in (int[])[0, 1, 2, 3])
            {
                TensorView tx = m.Put(x, shift: shift), y = m.Put(x, shift: 0);
                m.Backend.Dropout(tx, 0.3f, key, first, y);
                m.Backend.Dropout(tx, 0.3f, key, first, tx);
                results.AddRange([.. m.Get(y), .. m.Get(tx)]);
            }

            return [.. results];
        });
    }

    [Theory]
    [InlineData(new[] { 40, 50, 30 }, new[] { 1, 0, 2 })]
    [InlineData(new[] { 40, 50, 32 }, new[] { 1, 0, 2 })]
    [InlineData(new[] { 40, 50, 30 }, new[] { 2, 1, 0 })]
    [InlineData(new[] { 40, 50, 30 }, new[] { 0, 2, 1 })]
    [InlineData(new[] { 300, 201 }, new[] { 1, 0 })]
    [InlineData(new[] { 5, 3000 }, new[] { 1, 0 })]
    [InlineData(new[] { 3, 4, 5, 6, 7, 8 }, new[] { 5, 2, 0, 4, 1, 3 })]
    public void Permuted_copies(int[] sizes, int[] order)
    {
        int count = sizes.Aggregate((p, q) => p * q);
        int[] to = [.. order.Select(axis => sizes[axis])];
        Strides from = Strides.Contiguous(new Shape(sizes)), into = Strides.Contiguous(new Shape(to));
        var walked = new Strides([.. order.Select(axis => from[axis])]);
        float[] x = new TestData(10).Uniform(count), old = new TestData(11).Uniform(count);
        Machine.SameBits(string.Join(" x ", sizes), m =>
        {
            var results = new List<float>();
            foreach (int shift in Shifts)
            {
                TensorView tx = m.Put(x, sizes, shift), y = m.Put(old, to, shift), sum = m.Put(old, to, shift);
                m.Backend.CopyStrided(tx, walked, new Shape(to), accumulate: false, y, into);
                m.Backend.CopyStrided(tx, walked, new Shape(to), accumulate: true, sum, into);
                results.AddRange([.. m.Get(y), .. m.Get(sum)]);
            }

            return [.. results];
        });
    }

    [Fact]
    public void Copies_into_few_elements_go_in_order()
    {
        float[] x = new TestData(12).Uniform(600);
        Machine.SameBits("many into few", m =>
        {
            TensorView tx = m.Put(x), last = m.Put(new float[30]), sum = m.Put(new float[30]);
            m.Backend.CopyStrided(tx, new Strides(30, 1), new Shape(20, 30), accumulate: false, last, new Strides(0, 1));
            m.Backend.CopyStrided(tx, new Strides(30, 1), new Shape(20, 30), accumulate: true, sum, new Strides(0, 1));
            return [.. m.Get(last), .. m.Get(sum)];
        });
    }

    public static TheoryData<int, int, int> Tables => new()
    {
        { 5000, 65, 33 },     // a block a row: sums stay in a register
        { 5000, 700, 64 },    // blocks of many rows, several shares
        { 2049, 3000, 300 },  // two tiles of columns
        { 9000, 2, 3 },       // chains of thousands
        { 1, 100_000, 1 },
        { 333, 40, 256 },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void Rows_of_tables(int count, int rows, int columns)
    {
        var data = new TestData((ulong)(count + rows));
        float[] table = data.Uniform((long)rows * columns), dy = data.Uniform((long)count * columns);

        // half of all indices fall on a few rows, as words do
        int[] indices = [.. data.Integers(count, -1, rows).Select((index, n) => n % 2 == 0 ? index : Math.Max(index, 0) % Math.Min(rows, 5))];
        float[] Work(Machine m)
        {
            var results = new List<float>();
            foreach (int shift in Shifts)
            {
                TensorView y = m.Put(dy, [count, columns], shift), d = m.Put(dy, [count, columns], shift), gradient = m.Put(table, [rows, columns], shift);
                TensorView at = m.Put(indices);
                m.Backend.Gather(gradient, at, y);
                m.Backend.ScatterAdd(d, at, gradient);
                results.AddRange([.. m.Get(y), .. m.Get(gradient)]);
            }

            return [.. results];
        }

        string context = $"{count} rows of {rows} x {columns}";
        Machine.SameBits(context, Work);
        if (count * columns < 200_000) { Machine.SameBitsWhateverTheDevice(context, Work); }
    }

    [Theory]
    [InlineData(ScanCellKind.Diagonal)]
    [InlineData(ScanCellKind.MinGru)]
    [InlineData(ScanCellKind.MinLstm)]
    [InlineData(ScanCellKind.Sru)]
    [InlineData(ScanCellKind.Qrnn)]
    public void Scans(ScanCellKind cell)
    {
        foreach (ScanCase x in (ScanCase[])[new(cell, 21, 3, 33, HasLengths: true, HasResets: true), new(cell, 9, 2, 130, Reverse: true)])
        {
            var data = new ScanReference(x);
            Machine.SameBits(x.ToString(), m => [.. new ScanRun(m.Backend, x, data).All.SelectMany(static values => values)]);
        }
    }

    [Fact]
    public void Column_sums()
    {
        foreach ((int rows, int columns, int stride) in new[] { (1000, 32, 32), (777, 100, 104), (63, 65, 65), (64, 31, 32), (65, 7, 9), (400, 36, 36) })
        {
            float[] x = new TestData((ulong)rows).Uniform((long)rows * stride), old = new TestData(13).Uniform(columns);
            Machine.SameBits($"column sums of {rows} x {columns}", m =>
            {
                var results = new List<float>();
                foreach (int shift in Shifts)
                {
                    var matrix = new MatrixView(m.Put(x, shift: shift), rows, columns, stride);
                    TensorView y = m.Put(old);
                    m.Backend.AddColumnSums(matrix, y);
                    m.Backend.AddColumnSums(matrix.Reversed, y);
                    results.AddRange(m.Get(y));
                }

                return [.. results];
            });
        }
    }

    [Fact]
    public void Updates_of_every_rule()
    {
        int[] lengths = [1, 4096, 9001, 0, 19, 8192, 4099];
        OptimizerStep[] rules =
        [
            new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1f },
            new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1f, Beta1 = 0.9f },
            new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1f, Beta1 = 0.9f, Nesterov = true },
            new() { Kind = OptimizerKind.RmsProp, LearningRate = 0.01f, Beta2 = 0.99f, Epsilon = 1e-8f },
            new() { Kind = OptimizerKind.Adam, LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f },
            new() { Kind = OptimizerKind.AdamW, LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f },
        ];
        foreach (OptimizerStep rule in rules)
        {
            Machine.SameBits(rule.ToString(), m =>
            {
                bool first = rule.Kind != OptimizerKind.RmsProp && rule.Beta1 != 0, second = rule.Kind != OptimizerKind.Sgd;
                OptimizerSlot[] slots = [.. lengths.Select((n, i) => new OptimizerSlot(
                    m.Put(new TestData((ulong)n).Uniform(n), shift: i % 2), m.Put(new TestData((ulong)n + 1).Uniform(n), shift: i % 2),
                    first ? m.Put(new float[n], shift: i % 2) : default, second ? m.Put(new float[n], shift: i % 2) : default, 1, 0.01f * i))];
                TensorView scale = m.Put([0.7f]);
                for (int step = 1; step <= 3; step++) { m.Backend.Optimize(rule with { Step = step }, step == 2 ? default : scale, slots); }
                return [.. slots.SelectMany(slot => (float[])[
                    .. m.Get(slot.Weight), .. first ? m.Get(slot.First) : [], .. second ? m.Get(slot.Second) : []])];
            });
        }
    }
}
