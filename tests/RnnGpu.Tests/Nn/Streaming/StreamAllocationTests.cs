using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn.Streaming;

/// <summary>Tests that count what all threads of the process allocate: nothing else may run beside them.</summary>
[CollectionDefinition(nameof(AloneInProcess), DisableParallelization = true)]
public sealed class AloneInProcess;

/// <summary>A step allocates nothing once the first ones are over, on its own thread and on the team's, nor device memory.</summary>
[Collection(nameof(AloneInProcess))]
public sealed class StreamAllocationTests : NnTestBase
{
    private const int Warm = 5, Steps = 100;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ASessionOnALayer(int threads)
    {
        using Device device = NewDevice(threads: threads);
        using var layer = new Lstm(device, 64, 256);
        layer.Eval();
        using var session = new StreamSession(layer);
        float[] x = GradientCheck.Values(new Shape(64), 1), y = new float[256];
        AllocatesNothing(device, _ => session.Step(x, y));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ABatchOfWholeModels(int threads)
    {
        using Device device = NewDevice(threads: threads);
        using Sequential model = StreamModels.Chain(device);
        using var batch = new StreamBatch(model, 4);
        for (int i = 0; i < 4; i++) { batch.Acquire(); }
        int[][] slots = [[0, 1, 2, 3], [2], [1, 2], [3, 0]];
        int[] ids = [1, 2, 3, 4];
        float[] y = new float[4 * StreamModels.Symbols], state = new float[batch.StateSize];
        AllocatesNothing(device, step =>
        {
            int[] stepping = slots[step % slots.Length];
            batch.Step(stepping, ids.AsSpan(0, stepping.Length), y.AsSpan(0, stepping.Length * StreamModels.Symbols));
            if (step % 7 == 0)
            {
                batch.Export(1, state);
                batch.Import(2, state);
                batch.Copy(1, 3);
                batch.Release(0);
                batch.Acquire();
            }
        });
    }

    [Fact]
    public void AServer()
    {
        using Recurrent layer = StreamModels.Layer(Device, CellKind.GruResetAfter);
        using var server = new StreamServer(layer, 2);
        int stream = server.Open();
        float[] x = StreamModels.Sequence(1, 1), y = new float[StreamModels.Hidden];
        AllocatesNothing(Device, _ => server.Step(stream, x, y));
    }

    private static void AllocatesNothing(Device device, Action<int> step)
    {
        for (int i = 0; i < Warm * 4; i++) { step(i); }
        long blocks = device.AllocationCount, leased = device.LeasedBytes, own = GC.GetAllocatedBytesForCurrentThread(), least = long.MaxValue;

        // The test runner's own threads allocate now and then; a step that does would in every round.
        for (int round = 0; round < 20 && least > 0; round++)
        {
            long all = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Steps; i++) { step(i); }
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - all);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - own);
        Assert.Equal(0, least);
        Assert.Equal(blocks, device.AllocationCount);
        Assert.Equal(leased, device.LeasedBytes);
    }
}
