using System.Globalization;
using System.Text.RegularExpressions;
using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Cuda.Training;

/// <summary>A plan that the device has no room for says its bytes and sizes that would fit, and those do.</summary>
public sealed class OutOfMemoryTests
{
    private const int Inputs = 16, Hidden = 32;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_said_to_fit_fits(bool bidirectional)
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_MEMORY", $"{6 << 20}"));
        OutOfDeviceMemoryException refusal = Assert.Throws<OutOfDeviceMemoryException>(() => Train(emulator, bidirectional, 64, 200));
        Match said = Regex.Match(
            refusal.Message, @"batch 64, 200 steps takes (?<needs>[\d,]+) bytes .* but emulator has (?<has>[\d,]+) for it: a batch of (?<batch>[\d,]+) would fit, or (?<steps>[\d,]+) steps; so may a memory budget",
            RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.True(said.Success, refusal.Message);
        int Number(string name) => int.Parse(said.Groups[name].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Assert.True(Number("needs") > Number("has"), refusal.Message);
        Assert.InRange(Number("batch"), 1, 63);
        Assert.InRange(Number("steps"), 1, 199);
        Train(emulator, bidirectional, Number("batch"), 200);
        Train(emulator, bidirectional, 64, Number("steps"));
        Train(emulator, bidirectional, 16, 200, budget: 3 << 20);
        Assert.Equal(0, emulator.Live());
    }

    [Fact]
    public void A_plan_of_weights_that_do_not_fit_says_so()
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_MEMORY", $"{1 << 20}"));
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        var plan = RnnPlan.Create(backend, new RnnSpec { Cell = CellKind.Lstm, InputSize = 1000, HiddenSize = 1000 }, new RnnPlanOptions { Batch = 8, Steps = 8 });
        OutOfDeviceMemoryException cause = Assert.Throws<OutOfDeviceMemoryException>(() => backend.Allocate(plan.PackedBytes));
        Assert.Contains("not even one sequence of one step would: lower layers or hidden size", plan.NoRoom(cause, 0).Message, StringComparison.Ordinal);
    }

    /// <summary>The outputs' gradient is made by hand, so that little else than the plan takes memory.</summary>
    private static void Train(PrivateEmulator emulator, bool bidirectional, int batch, int steps, long? budget = null)
    {
        using var device = new Device(CudaBackend.Create(emulator.Driver, 0), seed: 1);
        using var layer = new Lstm(device, Inputs, Hidden, bidirectional: bidirectional) { MemoryBudget = budget };
        Tensor input = device.Tensor(new float[steps * batch * Inputs], new Shape(steps, batch, Inputs));
        layer.Run(input, outputs: false).Hidden.Sum().Backward();
        device.Backend.Synchronize();
    }
}
