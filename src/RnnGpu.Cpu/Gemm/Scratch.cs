namespace RnnGpu.Cpu.Gemm;

/// <summary>A block of memory that grows to the largest size asked for and stays.</summary>
internal sealed unsafe class Scratch : IDisposable
{
    private CpuBuffer? _buffer;

    public float* Pointer => (float*)_buffer!.Pointer;

    public void Reserve(long floats)
    {
        if (_buffer is not null && _buffer.Bytes >= floats * sizeof(float)) { return; }
        _buffer?.Dispose();
        _buffer = new CpuBuffer(Math.Max(floats, 1) * sizeof(float));
    }

    public void Dispose() => _buffer?.Dispose();
}
