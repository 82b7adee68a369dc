using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using Xunit;

namespace RnnGpu.Tests.Cuda;

/// <summary>Copies between host and device, on streams that run at once and on streams that run only when waited for.</summary>
public sealed class TransferTests
{
    private const int Staged = 1 << 20;

    public static TheoryData<bool, int> Cases()
    {
        var cases = new TheoryData<bool, int>();
        foreach (bool deferred in (bool[])[false, true])
        {
            foreach (int count in (int[])[0, 1, 65, Staged - 1, Staged, Staged + 1, (3 * Staged) + 7]) { cases.Add(deferred, count); }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Data_arrives_whatever_happens_to_the_source_afterwards(bool deferred, int count)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DEFER", deferred ? "1" : "0"));
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using IDeviceBuffer first = backend.Allocate(Math.Max(count, 1) * 4L), second = backend.Allocate(Math.Max(count, 1) * 4L);
        TensorView a = new(first, 0, new Shape(count)), b = new(second, 0, new Shape(count));
        float[] source = [.. Enumerable.Range(1, count).Select(i => (float)i)], backA = new float[count], backB = new float[count];
        float[] expected = [.. source];
        backend.Upload<float>(source, a);
        Array.Fill(source, -1);
        backend.Upload<float>(source, b);
        Array.Fill(source, -2);
        backend.Download<float>(b, backB);
        backend.Download<float>(a, backA);
        Assert.Equal(expected, backA);
        Assert.All(backB, value => Assert.Equal(-1f, value));
    }

    [Fact]
    public void Small_uploads_share_a_staging_buffer_and_do_not_wait()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using IDeviceBuffer buffer = backend.Allocate(400);
        var view = new TensorView(buffer, 0, new Shape(100));
        var source = new float[100];
        backend.Upload<float>(source, view);
        long waits = Waits(backend);
        for (int i = 0; i < 1000; i++)
        {
            source[5] = i;
            backend.Upload<float>(source, view);
        }

        Assert.Equal(waits, Waits(backend));
        backend.Download<float>(view, source);
        Assert.Equal(999, source[5]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fills_and_copies_touch_their_elements_only(bool deferred)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DEFER", deferred ? "1" : "0"));
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        using IDeviceBuffer buffer = backend.Allocate(40), integers = backend.Allocate(40);
        TensorView whole = new(buffer, 0, new Shape(10)), words = new(integers, 0, new Shape(10), DType.I32);
        backend.Fill(1.5f, whole);
        backend.Fill(-2, new TensorView(buffer, 3, new Shape(2)));
        backend.Fill(7, words);
        backend.Copy(new TensorView(buffer, 3, new Shape(2)), new TensorView(buffer, 8, new Shape(2)));
        var back = new float[10];
        var wordsBack = new int[10];
        backend.Download<float>(whole, back);
        backend.Download<int>(words, wordsBack);
        Assert.Equal([1.5f, 1.5f, 1.5f, -2, -2, 1.5f, 1.5f, 1.5f, -2, -2], back);
        Assert.All(wordsBack, word => Assert.Equal(7, word));
        Assert.Throws<ArgumentException>(() => backend.Fill(0.5f, words));
        Assert.Throws<ArgumentException>(() => backend.Copy(whole, words));
    }

    private static long Waits(CudaBackend backend) =>
        backend.Driver.CallsOf(DriverEntry.cuStreamSynchronize) + backend.Driver.CallsOf(DriverEntry.cuEventSynchronize);
}
