using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;
using Xunit.Abstractions;

namespace RnnGpu.Tests.Cuda.Training;

/// <summary>What a training step costs the host: calls of the driver, counted over whole steps of a model.</summary>
public sealed class DriverCallTests(ITestOutputHelper output)
{
    private const int Vocabulary = 12, Streams = 2;

    [Theory]
    [InlineData(CellKind.Lstm, 1, ComputeMode.Fp32)]
    [InlineData(CellKind.Lstm, 2, ComputeMode.Bf16)]
    [InlineData(CellKind.GruResetBefore, 1, ComputeMode.Fp16)]
    public void Calls_of_a_training_step_do_not_grow_with_its_length(CellKind cell, int layers, ComputeMode mode)
    {
        long[] calls = [Calls(cell, layers, mode, 8), Calls(cell, layers, mode, 64), Calls(cell, layers, mode, 512)];
        Assert.True(calls[0] is > 20 and < 1000, $"{calls[0]} calls");
        Assert.Equal([calls[0], calls[0], calls[0]], calls);
    }

    /// <summary>Chunks are cut by rows and few: beyond that they get longer, not more.</summary>
    [Theory]
    [InlineData(1, 8, 1)]
    [InlineData(64, 128, 1)]
    [InlineData(64, 512, 4)]
    [InlineData(64, 100_000, 4)]
    [InlineData(1, 1_000_000, 4)]
    public void Chunks_of_a_training_pass_are_few_however_long_it_is(int batch, int steps, int chunks)
    {
        using var backend = CudaBackend.Create(EmulatorBuild.Driver, 0);
        var plan = RnnPlan.Create(backend, new RnnSpec { Cell = CellKind.Lstm, InputSize = 4, HiddenSize = 4 }, new RnnPlanOptions { Batch = batch, Steps = steps, Training = true });
        Assert.Equal(chunks, (steps + plan.ChunkSteps - 1) / plan.ChunkSteps);
    }

    private long Calls(CellKind cell, int layers, ComputeMode mode, int steps)
    {
        using var emulator = new PrivateEmulator();
        using var device = new Device(CudaBackend.Create(emulator.Driver, 0, mode), seed: 1);
        using var model = new CharModel(device, new CharModelConfig(cell, layers, Hidden: 6, Embedding: 4, Dropout: 0.1f), Vocabulary);
        using var task = new CharTask(model, Streams);
        using var optimizer = new AdamW(model, 1e-3f);
        var scaler = new LossScaler();
        var batch = new TokenBatch(steps, Streams);
        int[] ids = [.. Enumerable.Range(0, (steps * Streams * 4) + Streams).Select(i => i * 7 % Vocabulary)];
        var stream = new TokenStream(ids, Streams, steps, seed: 1);
        var counts = new long[Enum.GetValues<DriverEntry>().Length];
        long last = 0;

        // The first step loads kernels, the second captures, later ones are alike.
        for (int step = 0; step < 6; step++)
        {
            for (int entry = 0; entry < counts.Length; entry++) { counts[entry] = emulator.Driver.CallsOf((DriverEntry)entry); }
            long before = emulator.Driver.TotalCalls;
            stream.Next(batch);
            Tensor loss = task.Loss(batch);
            if (mode == ComputeMode.Fp16)
            {
                scaler.Backward(loss);
                Assert.True(scaler.Step(optimizer, GradientClipping.Norm(1)));
            }
            else
            {
                loss.Backward();
                optimizer.Step(GradientClipping.Norm(1));
            }

            optimizer.ZeroGrad();
            long now = emulator.Driver.TotalCalls - before;
            if (step > 3) { Assert.Equal(last, now); }
            last = now;
        }

        var most = Enum.GetValues<DriverEntry>()
            .Select(entry => (Entry: entry, Calls: emulator.Driver.CallsOf(entry) - counts[(int)entry]))
            .Where(count => count.Calls > 0)
            .OrderByDescending(count => count.Calls);
        output.WriteLine($"{cell} x {layers}, {mode}, {steps} steps: {last} calls ({string.Join(", ", most.Select(count => $"{count.Calls} {count.Entry}"))})");
        return last;
    }
}
