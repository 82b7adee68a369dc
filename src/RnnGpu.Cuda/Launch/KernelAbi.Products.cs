using System.Runtime.InteropServices;

namespace RnnGpu.Cuda;

// Twins of the structs of products and recurrences in kernels/cuda/products_abi.h, in the same order.

/// <summary>Parameters of <c>gemm_*</c>. Strides in elements.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GemmParams
{
    public ulong A;
    public ulong B;
    public ulong Bias;
    public ulong C;
    public long M;
    public long N;
    public long K;
    public long ARow;
    public long AInner;
    public long BRow;
    public long BInner;
    public long CRow;
    public int Activation;
    public int Accumulate;
}

/// <summary>Parameters of <c>pack_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackParams
{
    public ulong Source;
    public ulong Packed;
    public long RowStride;
    public long InnerStride;
    public long GateStride;
    public long Rows;
    public long Inner;
    public long PaddedRows;
    public long Pitch;
}

/// <summary>Operands of a chunk of steps; lies in device memory while the steps run.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentChunkParams
{
    public ulong Gates;
    public ulong Extra;
    public ulong H;
    public ulong C;
    public ulong Y;
    public ulong DH;
    public ulong DC;
    public ulong Lengths;
    public ulong Resets;
    public ulong Bias;
    public long YRow;
    public int StepOffset;
    public int Reverse;
}

/// <summary>Parameters of <c>recurrent_prepare_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentPrepareParams
{
    public RecurrentChunkParams Chunk;
    public ulong Description;
    public ulong Copies;
    public long Words;
    public int Pitch;
    public int Entering;
    public int Batch;
    public int Hidden;
    public int Steps;
    public int Reserved;
}

/// <summary>Parameters of <c>*_step_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentStepParams
{
    public ulong Chunk;
    public ulong Weights;
    public ulong From;
    public ulong To;
    public ulong Second;
    public int Batch;
    public int Hidden;
    public int Steps;
    public int Step;
    public int Depth;
    public int Pitch;
    public int ToPitch;
    public int SecondPitch;
    public int Variant;
    public int Reserved;
}

/// <summary>What one product of a step needs in a loop that a single launch runs.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentPhase
{
    public ulong Weights;
    public ulong FromEven;
    public ulong FromOdd;
    public ulong ToEven;
    public ulong ToOdd;
    public int Depth;
    public int Pitch;
    public int ToPitch;
    public int ResidentAt;
    public int GroupSlabs;
    public int Reserved;
}

/// <summary>Parameters of <c>*_persistent_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RecurrentLoopParams
{
    public RecurrentPhase First;
    public RecurrentPhase Next;
    public ulong Chunk;
    public ulong Second;
    public ulong Arrivals;
    public int Batch;
    public int Hidden;
    public int Steps;
    public int Loops;
    public int UnitTiles;
    public int RowTiles;
    public int UnitBlocks;
    public int RingAt;
    public int SecondPitch;
    public int Variant;
}
