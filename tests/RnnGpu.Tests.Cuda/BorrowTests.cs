using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>The backend beside other CUDA code: its contexts, streams and memory.</summary>
public sealed unsafe class BorrowTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_borrowed_context_stream_and_memory_stay_their_owners(bool defaultStream)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DEFER", "1"));
        CudaDriver driver = emulator.Driver;
        nint context = CreateContext(emulator), stream = defaultStream ? 0 : driver.CreateStream();
        Assert.Equal(CudaResult.Success, driver.TryAllocate(400, out ulong memory));
        long live = emulator.Live();
        using (var backend = CudaBackend.Borrow(driver, context, stream))
        {
            Assert.Equal("emulator", backend.Name);
            using IDeviceBuffer wrapped = backend.Wrap(memory, 400);
            Assert.Equal(400, wrapped.Bytes);
            var view = new TensorView(wrapped, 0, new Shape(100));
            Assert.Equal(memory, CudaBackend.DevicePointer(view));

            // The owner's work and ours go over one stream, in order.
            driver.Fill(memory, (uint)BitConverter.SingleToInt32Bits(3), 100, stream);
            using var x = new Vector(backend, [.. Enumerable.Range(0, 100).Select(i => (float)i)]);
            backend.AddScaled(2, x.View, 1, view);
            driver.Fill(x.Address, 0, 100, stream);
            var values = new float[100];
            backend.Download<float>(view, values);
            Assert.Equal(Enumerable.Range(0, 100).Select(i => 3f + (2f * i)), values);
            Assert.All(x.Values(), value => Assert.Equal(0f, value));
            wrapped.Dispose();
            Assert.Throws<ObjectDisposedException>(() => CudaBackend.DevicePointer(view));
        }

        Assert.Equal(live, emulator.Live());
        Assert.Equal(context, driver.CurrentContext());
        Assert.Equal(CudaResult.Success, driver.Free(memory));
    }

    [Fact]
    public void A_thread_gets_its_own_context_back_after_each_operation()
    {
        using var emulator = new PrivateEmulator();
        CudaDriver driver = emulator.Driver;
        using var backend = CudaBackend.Create(driver, 0);
        nint other = CreateContext(emulator);
        using Vector x = new(backend, [1f]), y = new(backend, [2f]);
        backend.Fill(5, x.View);
        backend.AddScaled(1, x.View, 1, y.View);
        Assert.Equal([7f], y.Values());
        backend.Synchronize();
        Assert.Equal(other, driver.CurrentContext());
    }

    [Fact]
    public void Any_thread_may_use_the_backend_and_none_keeps_its_context()
    {
        using var emulator = new PrivateEmulator();
        CudaDriver driver = emulator.Driver;
        var backend = CudaBackend.Create(driver, 0);
        var x = new Vector(backend, [1f]);
        float[] seen = [];
        var worker = new Thread(() =>
        {
            backend.AddScaled(1, x.View, 1, x.View);
            seen = x.Values();
            x.Dispose();
            backend.Dispose();
            Assert.Equal(0, driver.CurrentContext());
        });
        worker.Start();
        worker.Join();
        Assert.Equal([2f], seen);
        Assert.Equal(0, emulator.Live());
        using var again = CudaBackend.Create(driver, 0);
        using var y = new Vector(again, [1f]);
        Assert.Equal([1f], y.Values());
    }

    [Fact]
    public void Two_backends_share_the_primary_context()
    {
        using var emulator = new PrivateEmulator();
        using (var first = CudaBackend.Create(emulator.Driver, 0))
        {
            using var x = new Vector(first, [1f]);
            using (var second = CudaBackend.Create(emulator.Driver, 0))
            {
                using var y = new Vector(second, [2f]);
                Assert.Equal(1, emulator.Live("contexts"));
                using IDeviceBuffer wrapped = second.Wrap(x.Address, 4);
                second.AddScaled(1, new TensorView(wrapped, 0, new Shape(1)), 1, y.View);
                Assert.Equal([3f], y.Values());
            }

            Assert.Equal([1f], x.Values());
        }

        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void What_is_no_address_and_no_device_tensor_is_refused()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        Assert.Throws<ArgumentException>(() => backend.Wrap(0, 4));
        Assert.Throws<ArgumentException>(() => backend.Wrap(6, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => backend.Wrap(8, -1));
        Assert.Throws<ArgumentException>(() => CudaBackend.DevicePointer(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => CudaBackend.Borrow(emulator.Driver, 0, 0));
        Assert.Throws<CudaException>(() => CudaBackend.Borrow(emulator.Driver, 12345, 0));
    }

    /// <summary>A context that is nobody's primary one, current on this thread.</summary>
    private static nint CreateContext(PrivateEmulator emulator)
    {
        nint context = 0;
        Assert.Equal(CudaResult.Success, ((delegate* unmanaged<nint*, uint, int, CudaResult>)emulator.Export("cuCtxCreate_v2"))(&context, 0, 0));
        return context;
    }
}
