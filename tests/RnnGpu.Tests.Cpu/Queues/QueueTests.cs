using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cpu.Queues;

/// <summary>Forks, returns and joins of the CPU backend: order, nesting, calls that cannot wait, failures.</summary>
public sealed class QueueTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Work_on_side_queues_starts_behind_what_was_called_and_joins(int threads)
    {
        using IBackend backend = CpuBackend.Create(threads);
        Assert.Equal(threads - 1, backend.SideQueues);
        using Vector one = new(backend, 1), left = new(backend, 0), right = new(backend, 0);
        for (int i = 1; i <= 5; i++)
        {
            backend.AddScaled(i, one.View, 0, left.View);
            int last = backend.SideQueues - 1;
            backend.Fork(last);
            backend.AddScaled(10, left.View, 0, right.View);
            backend.AddScaled(1, one.View, 1, right.View);
            backend.Return();
            backend.AddScaled(0, left.View, 1, one.View);
            backend.Join(last);
            backend.AddScaled(1, right.View, 1, left.View);
            Assert.Equal((11f * i) + 1, left.Value);
        }
    }

    [Fact]
    public void Forks_nest_and_none_goes_where_work_goes_already()
    {
        using IBackend backend = CpuBackend.Create(threads: 3);
        using Vector x = new(backend, 1), y = new(backend, 2);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Fork(0);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Fork(1);
        backend.AddScaled(4, x.View, 1, y.View);
        Assert.Throws<InvalidOperationException>(() => backend.Fork(0));
        Assert.Throws<InvalidOperationException>(() => backend.Fork(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.Fork(2));
        backend.Return();
        backend.Join(1);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        backend.Join(0);
        Assert.Throws<InvalidOperationException>(backend.Return);
        Assert.Equal(9f, y.Value);
    }

    [Fact]
    public void What_cannot_wait_runs_behind_what_is_queued()
    {
        using IBackend backend = CpuBackend.Create(threads: 2);
        using Vector x = new(backend, 4), y = new(backend, 0);
        backend.Fork(0);
        backend.AddScaled(1, x.View, 0, y.View);
        backend.Unary(UnaryOp.Sqrt, 0, y.View, y.View);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        Assert.Equal(6f, y.Value);
        backend.Fork(0);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        backend.Synchronize();
        Assert.Equal(10f, y.Value);
    }

    [Fact]
    public void One_thread_has_no_side_queues()
    {
        using IBackend backend = CpuBackend.Create(threads: 1);
        Assert.Equal(0, backend.SideQueues);
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.Fork(0));
        Assert.Throws<InvalidOperationException>(backend.Return);
    }

    [Fact]
    public void Wrong_arguments_are_refused_where_they_are_called()
    {
        using IBackend backend = CpuBackend.Create(threads: 2);
        using Vector x = new(backend, 1), y = new(backend, 2), longer = new(backend, 0, length: 5000);
        backend.Fork(0);
        backend.AddScaled(1, x.View, 1, y.View);
        Assert.Throws<ArgumentException>(() => backend.AddScaled(1, longer.View, 1, y.View));
        backend.Return();
        backend.Join(0);
        Assert.Equal(3f, y.Value);
    }

    /// <summary>Memory released before its queue ran: the join says what a call on the main queue would have said, other queues ran, and the backend goes on.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failure_inside_a_queue_surfaces_at_its_join(bool onMain)
    {
        using IBackend backend = CpuBackend.Create(threads: 3);
        using Vector w = new(backend, 1), x = new(backend, 1), y = new(backend, 2), z = new(backend, 0);
        var released = new Vector(backend, 1);
        Assert.Throws<ObjectDisposedException>(() =>
        {
            using var gone = new Vector(backend, 1);
            gone.Dispose();
            backend.AddScaled(1, gone.View, 1, y.View);
        });
        backend.Fork(0);
        backend.AddScaled(1, (onMain ? x : released).View, 1, y.View);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        backend.Fork(1);
        backend.AddScaled(5, x.View, 1, z.View);
        backend.Return();
        backend.AddScaled(1, (onMain ? released : x).View, 1, w.View);
        released.Dispose();
        Assert.Throws<ObjectDisposedException>(() => backend.Join(0));
        backend.Join(1);
        Assert.Equal(5f, z.Value);
        Assert.Equal(onMain ? 4f : 2f, y.Value);
        backend.Fork(0);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        backend.AddScaled(1, x.View, 1, z.View);
        backend.Join(0);
        Assert.Equal(6f, z.Value);
    }

    /// <summary>Products and loops large enough for whole teams, on two queues of two and three workers, and on three of one and two: bits of one thread.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Parts_of_several_workers_give_the_bits_of_one_thread(int sides)
    {
        var data = new TestData(3);
        float[] a = data.Uniform(200 * 300), b = data.Uniform(300 * 130);
        float[] expected = new float[200 * 130];
        using (IBackend alone = CpuBackend.Create(threads: 1))
        using (var tensors = new GuardedTensors(alone))
        {
            GuardedTensor c = tensors.Destination("C", 200, 130);
            alone.Gemm(
                tensors.Source("A", a, 200, 300).Matrix, tensors.Source("B", b, 300, 130).Matrix, default, GemmActivation.None, accumulate: false, c.Matrix);
            expected = c.Floats();
        }

        using IBackend backend = CpuBackend.Create(threads: 5);
        for (int repeat = 0; repeat < 10; repeat++)
        {
            using var tensors = new GuardedTensors(backend);
            GuardedTensor[] c = [.. Enumerable.Range(0, sides + 1).Select(i => tensors.Destination($"C{i}", 200, 130))];
            MatrixView left = tensors.Source("A", a, 200, 300).Matrix, right = tensors.Source("B", b, 300, 130).Matrix;
            for (int i = 0; i < sides; i++)
            {
                backend.Fork(i);
                backend.Gemm(left, right, default, GemmActivation.None, accumulate: false, c[i].Matrix);
                backend.Return();
            }

            backend.Gemm(left, right, default, GemmActivation.None, accumulate: false, c[sides].Matrix);
            for (int i = 0; i < sides; i++) { backend.Join(i); }
            foreach (GuardedTensor result in c) { Compare.Bits($"{sides} side queues", expected, result.Floats()); }
        }
    }

    private sealed class Vector : IDisposable
    {
        private readonly IBackend _backend;
        private readonly IDeviceBuffer _buffer;

        public Vector(IBackend backend, float value, int length = 4000)
        {
            _backend = backend;
            _buffer = backend.Allocate(length * sizeof(float));
            View = new TensorView(_buffer, 0, new Shape(length));
            backend.Fill(value, View);
        }

        public TensorView View { get; }

        /// <summary>That of every element.</summary>
        public float Value
        {
            get
            {
                var values = new float[View.Length];
                _backend.Download<float>(View, values);
                return Assert.Single(values.Distinct());
            }
        }

        public void Dispose() => _buffer.Dispose();
    }
}
