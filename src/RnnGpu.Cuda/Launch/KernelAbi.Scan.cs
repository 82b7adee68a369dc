using System.Runtime.InteropServices;

namespace RnnGpu.Cuda;

/// <summary>Parameters of <c>*_fwd_scan_f32</c> and <c>*_bwd_scan_f32</c>; twin of the struct in kernels/cuda/scan_abi.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ScanParams
{
    public ulong Gates;
    public ulong Highway;
    public ulong Peepholes;
    public ulong Initial;
    public ulong Lengths;
    public ulong Resets;
    public ulong States;
    public ulong Y;
    public ulong State;
    public ulong DGates;
    public ulong DHighway;
    public ulong DPeepholes;
    public long GateStride;
    public long HighwayStride;
    public long DHighwayStride;
    public int Steps;
    public int Batch;
    public int Hidden;
    public int Reverse;
}
