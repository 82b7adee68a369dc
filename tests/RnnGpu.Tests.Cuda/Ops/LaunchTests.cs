using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Ops;

/// <summary>What stands between an operation and its kernels: walks in pieces, tables on the device, notes of bad indices.</summary>
public sealed class LaunchTests
{
    [Fact]
    public void An_axis_divides_as_its_size_does()
    {
        // What walk.cuh computes with the numbers of an axis.
        var data = new TestData(1);
        foreach (long size in (long[])[1, 2, 3, 5, 7, 64, 65, 641, 1000, 4096, 65_537, 1_000_003, (1 << 30) - 1, 1 << 30, int.MaxValue])
        {
            WalkAxis axis = WalkPieces.Axis(size, 0, 0, 0);
            foreach (int index in (int[])[0, 1, (int)size - 1, (int)Math.Min(size, int.MaxValue), int.MaxValue - 1, int.MaxValue, .. data.Integers(200, 0, int.MaxValue)])
            {
                uint quotient = ((uint)((ulong)(uint)index * axis.Magic >> 32) + (uint)index) >> (int)axis.Shift;
                Assert.Equal((uint)(index / size), quotient);
            }
        }
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(60)]
    [InlineData(59)]
    [InlineData(20)]
    [InlineData(7)]
    [InlineData(1)]
    public void Pieces_of_a_walk_are_the_walk_in_order(long most)
    {
        foreach (int[] sizes in (int[][])[[], [17], [3, 4, 5], [5, 1, 12], [2, 3, 2, 5]])
        {
            Walk walk = default;
            for (int i = 0; i < sizes.Length; i++) { walk.Append(sizes[i], 100 * (i + 1), 7 - i, 1 << (4 * i)); }
            var whole = new List<(long, long, long)>();
            AddPlaces(walk, 0, 0, 0, whole);
            var cut = new List<(long, long, long)>();
            var pieces = new WalkPieces(walk, most);
            while (pieces.Next())
            {
                Assert.True(pieces.Piece.Length <= most, $"a piece of {pieces.Piece.Length} where at most {most} are allowed");
                AddPlaces(pieces.Piece, pieces.A, pieces.B, pieces.Y, cut);
            }

            Assert.Equal(whole, cut);
        }
    }

    private static void AddPlaces(in Walk walk, long a, long b, long y, List<(long A, long B, long Y)> places)
    {
        for (long i = 0; i < walk.Length; i++)
        {
            walk.Offsets(i, walk.Rank, out long ofA, out long ofB, out long ofY);
            places.Add((a + ofA, b + ofB, y + ofY));
        }
    }

    [Fact]
    public void Tensors_that_stand_still_are_described_to_the_device_once()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        Vector[] weights = [.. Enumerable.Range(1, 40).Select(n => new Vector(backend, new TestData((ulong)n).Uniform(300 * n)))];
        Vector[] gradients = [.. Enumerable.Range(1, 40).Select(n => new Vector(backend, new TestData((ulong)n).Uniform(300 * n)))];
        using var norm = new Vector(backend, [0f]);
        using var scale = new Vector(backend, [0f]);
        OptimizerSlot[] slots = [.. weights.Zip(gradients, (w, g) => new OptimizerSlot(w.View, g.View, default, default, 1, 0))];
        TensorView[] views = [.. gradients.Select(g => g.View)];
        var rule = new OptimizerStep { Kind = OptimizerKind.Sgd, LearningRate = 0.1f };
        void Step(float rate, int count)
        {
            backend.SumOfSquares(views.AsSpan(0, count), norm.View);
            backend.ClipFactor(norm.View, 1, 1, scale.View);
            backend.Optimize(rule with { LearningRate = rate }, scale.View, slots.AsSpan(0, count));
        }

        Step(0.1f, 40);
        long copies = emulator.Driver.CallsOf(DriverEntry.cuMemcpyHtoDAsync_v2), launches = emulator.Driver.CallsOf(DriverEntry.cuLaunchKernel);
        for (int i = 0; i < 5; i++) { Step(0.1f / (i + 1), 40); }
        Assert.Equal(copies, emulator.Driver.CallsOf(DriverEntry.cuMemcpyHtoDAsync_v2));

        // squares, their sum, the factor, the update: however many tensors
        Assert.Equal(launches + (5 * 4), emulator.Driver.CallsOf(DriverEntry.cuLaunchKernel));
        Step(0.1f, 39);
        Assert.True(emulator.Driver.CallsOf(DriverEntry.cuMemcpyHtoDAsync_v2) > copies, "fewer tensors, but no new table");
        float[] last = weights[39].Values();
        Step(0.1f, 39);
        Assert.Equal(last, weights[39].Values());
        foreach (Vector vector in weights.Concat(gradients)) { vector.Dispose(); }
    }

    [Fact]
    public void Operations_allocate_nothing_on_either_heap()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using var machine = new Machine(backend);
        var data = new TestData(3);
        TensorView x = machine.Put(data.Uniform(7_000 * 10), [7_000, 10]), y = machine.Make(7_000, 10), dx = machine.Make(7_000, 10);
        TensorView row = machine.Put(data.Uniform(10)), sums = machine.Put(data.Uniform(10)), one = machine.Put([1f]), two = machine.Put([0f, 0f]);
        TensorView rows = machine.Make(7_000), more = machine.Make(7_000), indices = machine.Put(data.Integers(7_000, 0, 10)), table = machine.Make(10, 10);
        TensorView small = x.Slice(0, new Shape(700, 10)), into = y.Slice(0, new Shape(10, 700)), few = indices.Slice(0, new Shape(300));
        TensorView[] views = [x, row, sums];
        OptimizerSlot[] slots = [new(y, x, dx, default, 1, 0)];
        void Everything()
        {
            backend.Fill(0.5f, y);
            backend.Copy(x, y);
            backend.Unary(UnaryOp.Tanh, 0, row, sums);
            backend.UnaryBackward(UnaryOp.Tanh, 0, row, sums, row, accumulate: true, sums);
            backend.Binary(BinaryOp.Add, small, row, y.Slice(0, new Shape(700, 10)));
            backend.Binary(BinaryOp.Multiply, row, row, sums);
            backend.AddScaled(1, row, 2, sums);
            backend.CopyStrided(small, new Strides(1, 10), new Shape(10, 700), accumulate: false, into, new Strides(700, 1));
            backend.Gather(table, few, y.Slice(0, new Shape(300, 10)));
            backend.ScatterAdd(y.Slice(0, new Shape(300, 10)), few, table);
            backend.SumTo(x, accumulate: true, sums);
            backend.SumTo(x, accumulate: false, one);
            backend.AddColumnSums(small.AsMatrix(), sums);
            backend.ArgMax(small, indices.Slice(0, new Shape(700)));
            backend.SumOfSquares(views, one);
            backend.CountWeights(few, default, 300, two);
            backend.Softmax(small, y.Slice(0, new Shape(700, 10)));
            backend.SoftmaxBackward(small, small, y.Slice(0, new Shape(700, 10)));
            backend.SoftmaxCrossEntropy(small.Slice(0, new Shape(300, 10)), few, default, 0, one, rows.Slice(0, new Shape(300)), y.Slice(0, new Shape(300, 10)));
            backend.ElementwiseLoss(ElementLoss.SquaredError, row, sums, default, one, sums, default);
            backend.LayerNorm(x, row, row, 1e-5f, y, rows, more);
            backend.LayerNormBackward(x, row, rows, more, x, y, sums, sums);
            backend.Dropout(small, 0.5f, new RandomKey(1, 2, 3), 1, y.Slice(0, new Shape(700, 10)));
            backend.Optimize(new OptimizerStep { Kind = OptimizerKind.Sgd, LearningRate = 0, Beta1 = 0.5f }, one, slots);
            backend.ClipFactor(one, 1, 1, two.Slice(0, new Shape(1)));
            backend.Synchronize();
        }

        Everything();
        Everything();
        long live = emulator.Live(), reserved = backend.ReservedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 3; i++) { Everything(); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(live, emulator.Live());
        Assert.Equal(reserved, backend.ReservedBytes);
    }

    [Fact]
    public void More_limits_than_words_are_looked_at_in_between()
    {
        using var machine = new Machine(CudaBackend.Create(EmulatorBuild.Driver, 0));
        TensorView y = machine.Make(1, 1), good = machine.Put([0]), bad = machine.Put([5]);
        TensorView Table(int rows) => machine.Put(new float[rows], [rows, 1]);
        machine.Backend.Gather(Table(5), bad, y);
        ArgumentException refusal = Assert.Throws<ArgumentException>(() =>
        {
            for (int rows = 6; rows < 600; rows++) { machine.Backend.Gather(Table(rows), good, y); }
        });
        Assert.Equal("Gather: index 5 in row 0 is not below the 5 rows of the table", refusal.Message);
        for (int rows = 6; rows < 600; rows++) { machine.Backend.Gather(Table(rows), good, y); }
        machine.Backend.Gather(Table(3), bad, y);
        refusal = Assert.Throws<ArgumentException>(machine.Backend.Synchronize);
        Assert.Equal("Gather: index 5 in row 0 is not below the 3 rows of the table", refusal.Message);
        machine.Backend.Synchronize();
    }

    [Fact]
    public void A_table_without_rows_has_no_index_that_fits()
    {
        using var machine = new Machine(CudaBackend.Create(EmulatorBuild.Driver, 0));
        TensorView table = machine.Put(Array.Empty<float>(), [0, 3]), y = machine.Make(2, 3), none = machine.Put([-1, -7]), bad = machine.Put([-1, 0]);
        machine.Backend.Gather(table, none, y);
        machine.Backend.ScatterAdd(y, none, table);
        Assert.Equal(new float[6], machine.Get(y));
        machine.Backend.ScatterAdd(y, bad, table);
        ArgumentException refusal = Assert.Throws<ArgumentException>(machine.Backend.Synchronize);
        Assert.Equal("ScatterAdd: index 0 in row 1 is not below the 0 rows of the table", refusal.Message);
    }
}
