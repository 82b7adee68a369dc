using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;

namespace RnnGpu.Tests.Nn;

/// <summary>A fresh device on one CPU thread for every test.</summary>
public abstract class NnTestBase : IDisposable
{
    protected NnTestBase() => Device = NewDevice();

    protected Device Device { get; }

    public void Dispose()
    {
        Device.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static Device NewDevice(ulong seed = 7, int threads = 1) => new(CpuBackend.Create(threads), seed);

    protected static (Shape Shape, float[] Values) Leaf(uint site, params ReadOnlySpan<int> sizes) => ScaledLeaf(site, 1f, sizes);

    protected static (Shape Shape, float[] Values) ScaledLeaf(uint site, float scale, params ReadOnlySpan<int> sizes)
    {
        var shape = new Shape(sizes);
        return (shape, GradientCheck.Values(shape, site, scale));
    }

    protected Tensor Input(uint site, params ReadOnlySpan<int> sizes)
    {
        (Shape shape, float[] values) = Leaf(site, sizes);
        return Device.Tensor(values, shape, requiresGrad: true);
    }
}
