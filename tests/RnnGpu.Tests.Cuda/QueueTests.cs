using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using RnnGpu.Cuda.Streams;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>Launches, side streams and captured loops, on streams that run at once and on streams that run only when waited for.</summary>
public sealed class QueueTests
{
    private readonly record struct LoopKey(ulong Y, int Steps);

    public static TheoryData<bool> Modes() => [false, true];

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_kernel_computes(bool deferred)
    {
        using var emulator = Emulator(deferred);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        foreach (int count in (ReadOnlySpan<int>)[0, 1, 255, 256, 257, 10_000])
        {
            using var x = new Vector(backend, [.. Enumerable.Range(0, count).Select(i => i * 0.5f)]);
            using var y = new Vector(backend, [.. Enumerable.Range(0, count).Select(i => 100f - i)]);
            backend.AddScaled(2, x.View, -3, y.View);
            Assert.Equal(Enumerable.Range(0, count).Select(i => i - 300f + (3f * i)), y.Values());
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Work_on_a_side_stream_starts_behind_what_was_queued_and_joins(bool deferred)
    {
        using var emulator = Emulator(deferred);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using Vector one = new(backend, [1f]), left = new(backend, [0f]), right = new(backend, [0f]);
        for (int i = 1; i <= 5; i++)
        {
            backend.AddScaled(i, one.View, 0, left.View);
            using (backend.Queue.OnSide(0)) { backend.AddScaled(10, left.View, 0, right.View); }
            using (backend.Queue.OnSide(2)) { backend.AddScaled(1, one.View, 0, one.View); }
            backend.Queue.Join(2);
            backend.Queue.Join(0);
            backend.AddScaled(1, right.View, 1, left.View);
            Assert.Equal([11f * i], left.Values());
        }

        Assert.Throws<InvalidOperationException>(() => backend.Queue.Join(1));
    }

    [Fact]
    public void A_missing_join_is_a_race_that_the_emulator_names()
    {
        using var emulator = new PrivateEmulator();
        CudaException failure = Assert.Throws<CudaException>(() =>
        {
            using var backend = CudaBackend.Create(emulator.Driver, 0);
            using Vector x = new(backend, [1f]), y = new(backend, [2f]);
            using (backend.Queue.OnSide(0)) { backend.AddScaled(1, x.View, 1, y.View); }
            _ = y.Values();
        });
        Assert.Contains("which add_scaled_f32 on another stream wrote", failure.Message, StringComparison.Ordinal);
        Assert.Contains("a race between streams", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void Forks_nest_and_none_goes_where_work_goes_already()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using Vector x = new(backend, [1f]), y = new(backend, [2f]);
        nint main = backend.Queue.Stream;
        backend.Fork(0);
        backend.Fork(1);
        backend.AddScaled(1, x.View, 1, y.View);
        Assert.Throws<InvalidOperationException>(() => backend.Fork(0));
        Assert.Throws<InvalidOperationException>(() => backend.Fork(1));
        backend.Return();
        backend.Join(1);
        backend.AddScaled(1, x.View, 1, y.View);
        backend.Return();
        backend.Join(0);
        Assert.Equal(main, backend.Queue.Stream);
        Assert.Throws<InvalidOperationException>(backend.Return);
        Assert.Equal([4f], y.Values());
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_loop_is_captured_once_and_replayed_by_one_call(bool deferred)
    {
        using var emulator = Emulator(deferred);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        var graphs = new GraphCache<LoopKey>();
        using Vector one = new(backend, [1f]), y = new(backend, [0f]), z = new(backend, [0f]);
        float expected = 0;
        for (int use = 0; use < 5; use++)
        {
            Loop(backend, graphs, one, y, z, steps: 20);
            expected += 20;
            Assert.Equal([expected], y.Values());
            Assert.Equal([2 * expected], z.Values());
        }

        Assert.Equal(1, graphs.Count);
        long before = Work(backend);
        Loop(backend, graphs, one, y, z, steps: 20);
        Assert.Equal(before + 1, Work(backend));

        // Another length is another key; what a graph reads may change between replays.
        one.Set([2f]);
        Loop(backend, graphs, one, y, z, steps: 20);
        Loop(backend, graphs, one, y, z, steps: 3);
        Assert.Equal([expected + 20 + 40 + 6], y.Values());
        Assert.Equal(1, graphs.Count);
    }

    [Fact]
    public void The_number_of_graphs_is_bounded()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        var graphs = new GraphCache<LoopKey>(capacity: 4);
        using Vector one = new(backend, [1f]), y = new(backend, [0f]), z = new(backend, [0f]);
        for (int steps = 1; steps <= 10; steps++)
        {
            Loop(backend, graphs, one, y, z, steps);
            Loop(backend, graphs, one, y, z, steps);
        }

        Assert.Equal([110f], y.Values());
        Assert.InRange(graphs.Count, 1, 4);
        Assert.InRange(emulator.Live("executables"), 1, 4);
        Assert.Equal(0, emulator.Live("graphs"));
    }

    [Fact]
    public void A_loop_that_fails_while_it_is_captured_leaves_the_queue_usable()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        var graphs = new GraphCache<LoopKey>();
        using Vector one = new(backend, [1f]), y = new(backend, [0f]), z = new(backend, [0f]);
        Loop(backend, graphs, one, y, z, steps: 2);
        Assert.Throws<ArgumentException>(() =>
        {
            using GraphRecording<LoopKey> recording = graphs.Record(backend.Queue, new LoopKey(y.Address, 2));
            backend.AddScaled(1, one.View, 1, y.View);
            Assert.True(backend.Queue.IsCapturing);
            backend.AddScaled(1, new TensorView(y.View.Buffer!, 0, new Shape(0)), 1, y.View);
        });
        Assert.False(backend.Queue.IsCapturing);
        Assert.Equal(0, emulator.Live("graphs"));
        Loop(backend, graphs, one, y, z, steps: 2);
        Loop(backend, graphs, one, y, z, steps: 2);
        Assert.Equal([6f], y.Values());
    }

    [Fact]
    public void Launches_and_replays_allocate_nothing_on_the_managed_heap()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        var graphs = new GraphCache<LoopKey>();
        using Vector one = new(backend, [1f]), y = new(backend, [0f]), z = new(backend, [0f]);
        float[] values = [1f];
        long allocated = -1;
        for (int use = 0; use < 50; use++)
        {
            if (use == 10) { allocated = GC.GetAllocatedBytesForCurrentThread(); }
            Loop(backend, graphs, one, y, z, steps: 4);
            backend.AddScaled(1, one.View, 1, y.View);
            backend.Fill(1, one.View);
            backend.Copy(one.View, z.View);
            backend.Upload<float>(values, one.View);
            backend.Download<float>(one.View, values);
            backend.Synchronize();
        }

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Shared_memory_beyond_the_usual_is_asked_for_and_beyond_the_device_refused()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using var y = new Vector(backend, [1f]);
        var kernel = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32");
        var parameters = new AddScaledParams { X = y.Address, Y = y.Address, Count = 1, Alpha = 1, Beta = 1 };
        int most = backend.Device.MaxSharedBytesPerBlock;
        backend.Queue.Launch(kernel, new Dim3(1), new Dim3(32), most, parameters);
        Assert.Equal([2f], y.Values());
        var refusal = Assert.Throws<CudaLaunchRefusedException>(() => backend.Queue.Launch(kernel, new Dim3(1), new Dim3(32), most + 1, parameters));
        Assert.Contains("add_scaled_f32", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"{most + 1:N0}", refusal.Message, StringComparison.Ordinal);
        refusal = Assert.Throws<CudaLaunchRefusedException>(() => backend.Queue.Launch(kernel, new Dim3(1), new Dim3(1024), 0, parameters));
        Assert.Contains("at most 256 threads", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([2f], y.Values());
    }

    [Fact]
    public void Cooperative_launches_are_refused_where_the_blocks_would_not_be_resident_together()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using var y = new Vector(backend, [1f]);
        var kernel = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32");
        var parameters = new AddScaledParams { X = y.Address, Y = y.Address, Count = 1, Alpha = 1, Beta = 1 };
        int most = kernel.MaxResidentBlocks(backend.Queue.Context, new Dim3(256), 100_000);
        Assert.True(most >= backend.Device.Multiprocessors);
        backend.Queue.LaunchCooperative(kernel, new Dim3(most), new Dim3(256), 100_000, parameters);
        Assert.Equal([2f], y.Values());
        var refusal = Assert.Throws<CudaLaunchRefusedException>(
            () => backend.Queue.LaunchCooperative(kernel, new Dim3(most + 1), new Dim3(256), 100_000, parameters));
        Assert.Contains($"{most + 1} blocks", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"holds {most}", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, kernel.MaxResidentBlocks(backend.Queue.Context, new Dim3(256), 1 << 20));
    }

    [Fact]
    public void A_kernel_tells_what_it_takes()
    {
        using var emulator = Emulator(deferred: false);
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        KernelResources resources = new Kernel<AddScaledParams>("elementwise", "add_scaled_f32").Resources(backend.Queue.Context);
        Assert.Equal((256, 0, 0), (resources.MaxThreads, resources.SharedBytes, resources.LocalBytes));
        Assert.InRange(resources.Registers, 1, 255);
    }

    private static PrivateEmulator Emulator(bool deferred) => new(("RNNGPU_EMULATOR_DEFER", deferred ? "1" : "0"));

    private static long Work(CudaBackend backend) =>
        backend.Driver.CallsOf(DriverEntry.cuLaunchKernel) + backend.Driver.CallsOf(DriverEntry.cuGraphLaunch) + backend.Driver.CallsOf(DriverEntry.cuEventRecord);

    /// <summary>y += steps times one, and beside it z += twice that.</summary>
    private static void Loop(CudaBackend backend, GraphCache<LoopKey> graphs, Vector one, Vector y, Vector z, int steps)
    {
        var key = new LoopKey(y.Address, steps);
        if (graphs.Replay(backend.Queue, key)) { return; }
        using GraphRecording<LoopKey> recording = graphs.Record(backend.Queue, key);
        for (int t = 0; t < steps; t++)
        {
            using (backend.Queue.OnSide(1)) { backend.AddScaled(2, one.View, 1, z.View); }
            backend.AddScaled(1, one.View, 1, y.View);
        }

        backend.Queue.Join(1);
        recording.Finish();
    }
}
