using System.Runtime.InteropServices;

namespace RnnGpu.Cuda;

/// <summary>Parameters of <c>crf_*_f32</c>; twin of the struct in kernels/cuda/crf_abi.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CrfParams
{
    public ulong X;
    public ulong Transitions;
    public ulong Start;
    public ulong End;
    public ulong Lengths;
    public ulong Tags;
    public ulong Alpha;
    public ulong Shifts;
    public ulong Rows;
    public ulong Scratch;
    public ulong Pairs;
    public ulong Dx;
    public ulong DStart;
    public ulong DEnd;
    public ulong Fault;
    public int Steps;
    public int Batch;
    public int K;
    public int Kept;
}
