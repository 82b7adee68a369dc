using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Tests.Cuda;

/// <summary>A float vector on a device.</summary>
internal sealed class Vector : IDisposable
{
    private readonly CudaBackend _backend;
    private readonly IDeviceBuffer _buffer;

    public Vector(CudaBackend backend, float[] values)
    {
        _backend = backend;
        _buffer = backend.Allocate(values.Length * sizeof(float));
        View = new TensorView(_buffer, 0, new Shape(values.Length));
        Set(values);
    }

    public TensorView View { get; }

    public ulong Address => CudaBackend.DevicePointer(View);

    public void Set(float[] values) => _backend.Upload<float>(values, View);

    public float[] Values()
    {
        var values = new float[View.Length];
        _backend.Download<float>(View, values);
        return values;
    }

    public void Dispose() => _buffer.Dispose();
}
