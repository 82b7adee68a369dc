using System.Runtime.InteropServices;

namespace RnnGpu.Cuda;

// Twin of the struct in kernels/cuda/calibrate_abi.h.

/// <summary>Parameters of <c>calibrate_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CalibrateParams
{
    public ulong Source;
    public ulong Sink;
    public ulong Flags;
    public long Count;
    public int Rounds;
    public int Whole;
}
