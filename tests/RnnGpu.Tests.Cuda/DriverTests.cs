using RnnGpu.Cuda.Driver;
using Xunit;

namespace RnnGpu.Tests.Cuda;

public sealed class DriverTests
{
    [Fact]
    public void The_emulator_has_every_entry_point_and_says_what_it_is()
    {
        ProbeReport report = DriverProbe.Find([EmulatorBuild.Path]);
        CudaDriver driver = DriverProbe.Require(report, "no emulator");
        Assert.True(driver.IsEmulator);
        Assert.True(report.Version >= CudaVersion.Oldest);
        DeviceInfo device = Assert.Single(report.Devices);
        Assert.NotEmpty(device.Name);
        Assert.Null(device.Refusal);
        Assert.True(device.Multiprocessors > 0 && device.MemoryBytes > 0 && device.MaxSharedBytesPerBlock >= 48 * 1024);
        Assert.Contains("emulator", Assert.Single(report.Attempts).Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_was_found_once_is_the_same_driver_again() =>
        Assert.Same(DriverProbe.Find([EmulatorBuild.Path]).Driver, DriverProbe.Find([EmulatorBuild.Path]).Driver);

    [Fact]
    public void A_probe_says_what_it_tried_and_why_not()
    {
        string missing = Path.Combine(Path.GetTempPath(), "no-such-driver.so"), text = Path.GetTempFileName();
        try
        {
            File.WriteAllText(text, "no library");
            ProbeReport report = DriverProbe.Find([missing, text, "libno-such-driver-either.so"]);
            Assert.Null(report.Driver);
            Assert.Equal([missing, text, "libno-such-driver-either.so"], report.Attempts.Select(attempt => attempt.Library));
            Assert.All(report.Attempts, attempt => Assert.False(attempt.Loaded));
            Assert.Equal("no such file", report.Attempts[0].Outcome);
            Assert.Equal("not found", report.Attempts[2].Outcome);
            var refusal = Assert.Throws<CudaDriverException>(() => DriverProbe.Require(report, "there is no driver"));
            Assert.All(report.Attempts, attempt => Assert.Contains($"{attempt.Library}: {attempt.Outcome}", refusal.Message, StringComparison.Ordinal));
            Assert.StartsWith("there is no driver", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(text);
        }
    }

    [Fact]
    public void Some_other_library_is_no_driver()
    {
        ProbeAttempt attempt = Assert.Single(DriverProbe.Find(["libc.so.6"]).Attempts);
        Assert.True(attempt.Loaded);
        Assert.Contains("it is not an NVIDIA driver", attempt.Outcome, StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_is_too_old_is_told_by_the_entry_point_that_it_lacks()
    {
        using var emulator = new PrivateEmulator();
        var refusal = Assert.Throws<CudaDriverException>(
            () => emulator.Substitute((entry, address) => entry == DriverEntry.cuGraphInstantiateWithFlags ? 0 : address));
        Assert.Contains("lacks cuGraphInstantiateWithFlags", refusal.Message, StringComparison.Ordinal);
        Assert.Contains($"CUDA {CudaVersion.Text(CudaVersion.Oldest)} or newer", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_drivers_live_side_by_side()
    {
        using PrivateEmulator first = new(), second = new();
        nint context = first.Driver.RetainPrimaryContext(0);
        Assert.NotEqual(0, context);
        Assert.Equal(1, first.Live("contexts"));
        Assert.Equal(0, second.Live("contexts"));
        Assert.Equal(CudaResult.Success, first.Driver.ReleasePrimaryContext(0));
        Assert.Equal(0, first.Live());
    }

    [Fact]
    public void A_failed_call_is_named_with_its_status_and_what_to_do()
    {
        using var emulator = new PrivateEmulator();
        var failure = Assert.Throws<CudaException>(() => emulator.Driver.Device(99));
        Assert.Equal(nameof(DriverEntry.cuDeviceGet), failure.Call);
        Assert.Equal(CudaResult.InvalidDevice, failure.Status);
        Assert.StartsWith("cuDeviceGet failed with CUDA_ERROR_INVALID_DEVICE (101)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("rnngpu doctor", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_status_has_advice()
    {
        foreach (CudaResult status in Enum.GetValues<CudaResult>()) { Assert.NotEmpty(CudaStatus.Advice(status)); }
    }

    [Fact]
    public void Calls_are_counted()
    {
        using var emulator = new PrivateEmulator();
        long before = emulator.Driver.TotalCalls, counts = emulator.Driver.CallsOf(DriverEntry.cuDeviceGetCount);
        Assert.Equal(1, emulator.Driver.DeviceCount());
        Assert.Equal(counts + 1, emulator.Driver.CallsOf(DriverEntry.cuDeviceGetCount));
        Assert.Equal(before + 1, emulator.Driver.TotalCalls);
    }

    [Theory]
    [InlineData(70, "11.0")]
    [InlineData(78, "11.8")]
    [InlineData(80, "12.0")]
    [InlineData(83, "12.3")]
    [InlineData(85, "12.5")]
    [InlineData(87, "12.8")]
    [InlineData(90, "13.0")]
    public void Ptx_versions_name_the_driver_they_need(int isa, string cuda) => Assert.Equal(cuda, CudaVersion.Text(CudaVersion.OfPtxIsa(isa)));
}
