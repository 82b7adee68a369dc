using RnnGpu.Cuda.Modules;
using Xunit;

namespace RnnGpu.Tests.Cuda;

public sealed class PtxImageTests
{
    private const string Sample = """
        .version 8.0
        .target sm_90a
        .address_size 64

        	// .globl	first
        .visible .entry first(
        	.param .align 8 .b8 first_param_0[40]
        )
        .maxntid 256, 1, 1
        {
        	ret;
        }
        .visible .entry second()
        {
        	ret;
        }
        """;

    [Fact]
    public void An_image_tells_its_version_and_kernels()
    {
        var image = new PtxImage("sample", "sm_90a", Sample);
        Assert.Equal(80, image.IsaVersion);
        Assert.Equal([new PtxKernel("first", 40), new PtxKernel("second", 0)], image.Kernels);
    }

    [Fact]
    public void Every_embedded_image_has_kernels_for_its_architecture()
    {
        Assert.NotEmpty(PtxImage.FileNames);
        foreach (string name in PtxImage.FileNames)
        {
            PtxImage image = PtxImage.Read(name);
            Assert.Contains($".target {image.Architecture}", image.Text, StringComparison.Ordinal);
            Assert.NotEmpty(image.Kernels);
            Assert.True(image.IsaVersion >= 70, name);
            Assert.True(PtxImage.FileNames.Contains($"{image.Module}.sm_80.ptx"), $"{image.Module} has no image for the baseline");
        }
    }

    /// <summary>PTX is text that repeats itself: it travels as one archive, so that the package stays at a few megabytes.</summary>
    [Fact]
    public void Images_are_embedded_compressed()
    {
        long text = PtxImage.FileNames.Sum(name => (long)PtxImage.Read(name).Text.Length), assembly = new FileInfo(typeof(PtxImage).Assembly.Location).Length;
        Assert.True(assembly < text / 3, $"{assembly:N0} bytes of RnnGpu.Cuda.dll for {text:N0} of PTX");
        Assert.True(assembly < 4 << 20, $"RnnGpu.Cuda.dll has {assembly:N0} bytes");
    }

    [Theory]
    [InlineData(80, "sm_80")]
    [InlineData(89, "sm_80")]
    [InlineData(90, "sm_80")]
    [InlineData(100, "sm_80")]
    [InlineData(120, "sm_80")]
    public void The_image_fits_the_device(int capability, string architecture) =>
        Assert.Equal(architecture, PtxImage.For("elementwise", capability).Architecture);

    [Fact]
    public void A_module_that_is_not_there_is_named()
    {
        var refusal = Assert.Throws<InvalidOperationException>(() => PtxImage.For("no_such_module", 80));
        Assert.Contains("no_such_module.sm_80.ptx", refusal.Message, StringComparison.Ordinal);
    }
}
