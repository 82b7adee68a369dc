using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using Xunit;

namespace RnnGpu.Tests.Cuda;

public sealed class ArenaTests
{
    private static readonly CudaOptions Ranges = new() { Memory = CudaMemory.Arena };

    [Fact]
    public void Ranges_never_overlap_are_aligned_and_come_back()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, options: Ranges);
        var random = new Random(5);
        var live = new List<(IDeviceBuffer Buffer, ulong Start)>();
        for (int i = 0; i < 2000; i++)
        {
            if (live.Count > 0 && random.Next(5) < 2)
            {
                int victim = random.Next(live.Count);
                live[victim].Buffer.Dispose();
                live.RemoveAt(victim);
                continue;
            }

            long bytes = random.Next(20) == 0 ? random.Next(16 << 20, 40 << 20) : random.Next(1 << 16);
            if (live.Sum(item => item.Buffer.Bytes) + bytes > 1L << 30) { continue; }
            IDeviceBuffer buffer = backend.Allocate(bytes);
            Assert.Equal(bytes, buffer.Bytes);
            ulong start = Address(buffer);
            Assert.Equal(0u, start % 256);
            Assert.DoesNotContain(live, item => start < item.Start + (ulong)item.Buffer.Bytes && item.Start < start + (ulong)bytes);
            live.Add((buffer, start));
        }

        // With everything free the same requests fit into the blocks that are there.
        foreach ((IDeviceBuffer buffer, _) in live) { buffer.Dispose(); }
        long reserved = backend.ReservedBytes, calls = backend.Driver.CallsOf(DriverEntry.cuMemAlloc_v2);
        using (IDeviceBuffer again = backend.Allocate(1000), large = backend.Allocate(17 << 20))
        {
            Assert.Equal((reserved, calls), (backend.ReservedBytes, backend.Driver.CallsOf(DriverEntry.cuMemAlloc_v2)));
        }
    }

    [Fact]
    public void A_freed_range_is_used_again_at_once()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, options: Ranges);
        IDeviceBuffer first = backend.Allocate(5000);
        ulong start = Address(first);
        first.Dispose();
        first.Dispose();
        using IDeviceBuffer second = backend.Allocate(5000);
        Assert.Equal(start, Address(second));
        Assert.Throws<ObjectDisposedException>(() => Address(first));
    }

    [Fact]
    public void A_full_device_gives_unused_blocks_back_before_it_refuses()
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_MEMORY", "268435456"));
        using var backend = CudaBackend.Create(emulator.Driver, 0, options: Ranges);
        backend.Allocate(100 << 20).Dispose();
        using IDeviceBuffer second = backend.Allocate(180 << 20);
        var refusal = Assert.Throws<OutOfDeviceMemoryException>(() => backend.Allocate(100 << 20));
        Assert.Equal(100 << 20, refusal.RequestedBytes);
        Assert.Contains("emulator (", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("of 268,435,456 bytes free", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(CudaResult.OutOfMemory, Assert.IsType<CudaException>(refusal.InnerException).Status);

        // Less than a whole small block is left: a request that fits is still served.
        using IDeviceBuffer rest = backend.Allocate(60 << 20), small = backend.Allocate(1 << 20);
    }

    [Theory]
    [InlineData(CudaMemory.Arena)]
    [InlineData(CudaMemory.Exact)]
    public void A_forgotten_buffer_returns_when_it_is_collected(CudaMemory memory)
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, options: new CudaOptions { Memory = memory });
        ulong start = Forget(backend);
        long live = emulator.Live("allocations");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        if (memory == CudaMemory.Exact) { Assert.Equal(live - 1, emulator.Live("allocations")); }
        else
        {
            using IDeviceBuffer again = backend.Allocate(5000);
            Assert.Equal(start, Address(again));
        }
    }

    [Fact]
    public void A_disposed_backend_frees_what_its_users_still_hold()
    {
        using var emulator = new PrivateEmulator();
        IDeviceBuffer arena, exact;
        using (var backend = CudaBackend.Create(emulator.Driver, 0, options: Ranges)) { arena = backend.Allocate(100); }
        using (var backend = CudaBackend.Create(emulator.Driver, 0)) { exact = backend.Allocate(100); }
        Assert.Equal(0, emulator.Live());
        Assert.Throws<ObjectDisposedException>(() => Address(arena));
        Assert.Throws<ObjectDisposedException>(() => Address(exact));
        arena.Dispose();
        exact.Dispose();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static ulong Forget(CudaBackend backend) => Address(backend.Allocate(5000));

    private static ulong Address(IDeviceBuffer buffer) => CudaBackend.DevicePointer(new TensorView(buffer, 0, new Shape(0)));
}
