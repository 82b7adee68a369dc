using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Cli.Verbs;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class DoctorVerbTests
{
    private static readonly PtxImage Image = new("m", "sm_80", ".version 7.8\n.target sm_80\n.visible .entry k()\n");
    private static readonly ProbeReport Nothing = new([new ProbeAttempt("libcuda.so.1", false, "not found")], null, 0, []);

    [Fact]
    public async Task It_names_every_library_tried_the_kernels_and_the_devices()
    {
        CommandLine text = await CommandLine.RunAsync("doctor");
        CommandLine json = await CommandLine.RunAsync("doctor", "--json");
        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (text.Exit, json.Exit));
        foreach (string part in (string[])["driver", "emulator"])
        {
            Assert.True(json.Json.GetProperty(part).GetProperty("tried").GetArrayLength() > 0);
            foreach (JsonElement tried in json.Json.GetProperty(part).GetProperty("tried").EnumerateArray())
            {
                Assert.Contains($"  {tried.GetProperty("library").GetString()}: {tried.GetProperty("outcome").GetString()}", text.Output, StringComparison.Ordinal);
            }
        }

        Assert.Equal("cpu", json.Json.GetProperty("devices")[0].GetString());
        Assert.Contains("devices: cpu", text.Output, StringComparison.Ordinal);
        Assert.Equal(PtxImage.FileNames.Count, json.Json.GetProperty("kernels").GetArrayLength());
        Assert.Contains("for sm_80", text.Output, StringComparison.Ordinal);
        foreach (JsonElement item in json.Json.GetProperty("advice").EnumerateArray())
        {
            Assert.Contains($"  - {item.GetString()}", text.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_a_driver_or_emulator_it_says_how_to_get_them()
    {
        string[] advice = [.. DoctorVerb.Advice(Nothing, Nothing, [Image])];
        Assert.Equal(2, advice.Length);
        Assert.Contains("install the NVIDIA driver", advice[0], StringComparison.Ordinal);
        Assert.Contains("tests/cuda-emulator/build.sh", advice[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_driver_that_is_there_and_broken_is_not_to_be_installed_again()
    {
        var broken = new ProbeReport([new ProbeAttempt("libcuda.so.1", true, "cuInit failed")], null, 0, []);
        Assert.Contains("does not work", DoctorVerb.Advice(broken, Nothing, [Image]).First(), StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_kernels_are_to_be_built() =>
        Assert.Contains(DoctorVerb.Advice(Nothing, Nothing, []), item => item.Contains("kernels/build.sh", StringComparison.Ordinal));
}
