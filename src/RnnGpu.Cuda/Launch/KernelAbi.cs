using System.Runtime.InteropServices;

namespace RnnGpu.Cuda;

// Twins of the parameter structs in kernels/cuda/rnn_abi.h, in the same order. A test compares their sizes with what each
// kernel's PTX declares.

/// <summary>Parameters of <c>add_scaled_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddScaledParams
{
    public ulong X;
    public ulong Y;
    public long Count;
    public float Alpha;
    public float Beta;
}
