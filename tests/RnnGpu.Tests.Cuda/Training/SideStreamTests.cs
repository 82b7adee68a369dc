using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Nn;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Training;

/// <summary>The two directions of a layer, and gradients of weights beside the loop, on streams of their own.</summary>
public sealed class SideStreamTests
{
    private const int Steps = 5, Batch = 2, Inputs = 3;

    /// <summary>Streams that run at once, ones that run when waited for, and blocks in another order: always the CPU's bits, and no race between streams.</summary>
    [Theory]
    [InlineData(true, 2, "0", "0")]
    [InlineData(true, 2, "1", "0")]
    [InlineData(true, 1, "1", "5")]
    [InlineData(false, 3, "1", "0")]
    public void Side_streams_change_no_bit(bool bidirectional, int layers, string deferred, string order)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DEFER", deferred), ("RNNGPU_EMULATOR_ORDER", order));
        foreach (int? span in (int?[])[null, 2])
        {
            float[] expected = Gradients(CpuBackend.Create(threads: 1), bidirectional, layers, span), actual = Gradients(CudaBackend.Create(emulator.Driver, 0), bidirectional, layers, span);
            Compare.Bits($"{layers} layers, span {span}", expected, actual);
        }
    }

    /// <summary>A wait each way for the reverse direction, forward and backward; and for the weights' gradients of either direction.</summary>
    [Theory]
    [InlineData(true, 8)]
    [InlineData(false, 2)]
    public void Directions_and_gradients_of_weights_have_streams_of_their_own(bool bidirectional, int waits)
    {
        using var emulator = new PrivateEmulator();
        _ = Gradients(CudaBackend.Create(emulator.Driver, 0), bidirectional, layers: 1, span: null);
        Assert.Equal(waits, emulator.Driver.CallsOf(DriverEntry.cuStreamWaitEvent));
    }

    [Fact]
    public void A_plan_says_what_runs_beside_what()
    {
        using var backend = CudaBackend.Create(EmulatorBuild.Driver, 0);
        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = 4, HiddenSize = 4, Bidirectional = true };
        string text = RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = 2, Steps = 3, Training = true }).Explain().ToString();
        Assert.Contains("both directions at the same time", text, StringComparison.Ordinal);
        Assert.Contains("those of W and R beside the loops that follow", text, StringComparison.Ordinal);
        Assert.Contains("products: own kernels, fp32", text, StringComparison.Ordinal);
    }

    private static float[] Gradients(IBackend backend, bool bidirectional, int layers, int? span)
    {
        using var device = new Device(backend, seed: 5);
        using var layer = new Lstm(device, Inputs, hidden: 7, layers, bidirectional, dropout: layers > 1 ? 0.2f : 0f) { SpanSteps = span };
        float[] x = [.. Enumerable.Range(0, Steps * Batch * Inputs).Select(i => MathF.Sin(i))];
        Tensor input = device.Tensor(x, new Shape(Steps, Batch, Inputs), requiresGrad: true);
        RecurrentOutput output = layer.Run(input);
        (output.Output * output.Output).Sum().Backward();
        return [.. output.Output.ToArray(), .. input.Grad.ToArray(), .. layer.Parameters().SelectMany(parameter => parameter.GradientToArray())];
    }
}
