using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RnnGpu.Core;

namespace RnnGpu.Cuda;

// Twins of the structs in kernels/cuda/ops_abi.h, in the same order.

/// <summary>One axis of a walk: steps of up to three operands, its size, and what divides by the size.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WalkAxis
{
    public long StepA;
    public long StepB;
    public long StepY;
    public uint Size;
    public uint Magic;
    public uint Shift;
    public uint Unused;
}

/// <summary>Axes of a walk, outermost first.</summary>
[InlineArray(Shape.MaxRank)]
internal struct WalkAxes
{
    private WalkAxis _first;
}

/// <summary>Parameters of <c>unary_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnaryParams
{
    public ulong X;
    public ulong Y;
    public long Count;
    public UnaryOp Op;
    public float Parameter;
}

/// <summary>Parameters of <c>unary_backward_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UnaryBackwardParams
{
    public ulong X;
    public ulong Y;
    public ulong Dy;
    public ulong Dx;
    public long Count;
    public UnaryOp Op;
    public float Parameter;
    public int Accumulate;
    public int Unused;
}

/// <summary>Parameters of <c>binary_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BinaryParams
{
    public ulong A;
    public ulong B;
    public ulong Y;
    public long Count;
    public BinaryOp Op;
    public int StepA;
    public int StepB;
    public int Unused;
}

/// <summary>Parameters of <c>binary_broadcast_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BinaryBroadcastParams
{
    public ulong A;
    public ulong B;
    public ulong Y;
    public WalkAxes Axes;
    public uint Count;
    public int Rank;
    public BinaryOp Op;
    public int Unused;
}

/// <summary>Parameters of <c>dropout_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DropoutParams
{
    public ulong X;
    public ulong Y;
    public long Count;
    public ulong Seed;
    public ulong Step;
    public ulong First;
    public uint Site;
    public float Probability;
    public float Scale;
    public int Unused;
}

/// <summary>Parameters of <c>elementwise_loss_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ElementwiseLossParams
{
    public ulong X;
    public ulong Targets;
    public ulong Weights;
    public ulong Scale;
    public ulong Loss;
    public ulong Dx;
    public long Count;
    public ElementLoss Kind;
    public int Unused;
}

/// <summary>Parameters of <c>copy_strided_*</c>, <c>copy_transposed_b32</c> and <c>copy_ordered_b32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CopyStridedParams
{
    public ulong Source;
    public ulong Destination;
    public WalkAxes Axes;
    public uint Count;
    public int Rank;
    public int Accumulate;
    public int Unused;
}

/// <summary>Parameters of <c>gather_*</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GatherParams
{
    public ulong Table;
    public ulong Indices;
    public ulong Y;
    public ulong Fault;
    public long Rows;
    public int Columns;
    public int Limit;
    public int LanesLog2;
    public int Unused;
}

/// <summary>Parameters of <c>scatter_add_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ScatterAddParams
{
    public ulong Dy;
    public ulong Indices;
    public ulong DTable;
    public ulong Fault;
    public long Count;
    public int Columns;
    public int Limit;
    public int RowsPerBlock;
    public int LanesLog2;
}

/// <summary>Parameters of <c>sum_columns_f32</c> and <c>sum_rows_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SumParams
{
    public ulong X;
    public ulong Y;
    public WalkAxes Kept;
    public WalkAxes Summed;
    public long PartStride;
    public uint KeptCount;
    public uint SummedCount;
    public int KeptRank;
    public int SummedRank;
    public int Parts;
    public int Accumulate;
}

/// <summary>Parameters of <c>add_column_sums_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ColumnChainParams
{
    public ulong X;
    public ulong Y;
    public long Rows;
    public long RowStride;
    public long Columns;
}

/// <summary>Parameters of <c>arg_max_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ArgMaxParams
{
    public ulong X;
    public ulong Y;
    public long Rows;
    public int Columns;
    public int Unused;
}

/// <summary>Parameters of <c>max_over_time_f32</c> and <c>max_over_time_backward_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MaxOverTimeParams
{
    public ulong X;
    public ulong Lengths;
    public ulong Y;
    public ulong Steps;
    public long Rows;
    public long Columns;
    public long Time;
}

/// <summary>A tensor of <c>sum_of_squares_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SquaresSlot
{
    public ulong X;
    public long Count;
    public long FirstBlock;
}

/// <summary>Parameters of <c>sum_of_squares_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SumOfSquaresParams
{
    public ulong Slots;
    public ulong SlotOfBlock;
    public ulong Partials;
}

/// <summary>Parameters of <c>count_weights_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CountWeightsParams
{
    public ulong Targets;
    public ulong Weights;
    public ulong Y;
    public long Rows;
}

/// <summary>Parameters of <c>softmax_*_f32</c> and <c>softmax_backward_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SoftmaxParams
{
    public ulong X;
    public ulong Y;
    public ulong Dx;
    public long Rows;
    public int Columns;
    public int Kept;
}

/// <summary>Parameters of <c>cross_entropy_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CrossEntropyParams
{
    public ulong X;
    public ulong Targets;
    public ulong Weights;
    public ulong Scale;
    public ulong Loss;
    public ulong Dx;
    public ulong Fault;
    public long Rows;
    public int Columns;
    public int Kept;
    public float Smoothing;
    public int Unused;
}

/// <summary>Parameters of <c>layer_norm_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LayerNormParams
{
    public ulong X;
    public ulong Gamma;
    public ulong Beta;
    public ulong Y;
    public ulong Mean;
    public ulong Rstd;
    public long Rows;
    public int Columns;
    public int Kept;
    public float Epsilon;
    public int Unused;
}

/// <summary>Parameters of <c>layer_norm_backward_*_f32</c> and <c>layer_norm_gamma_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LayerNormBackwardParams
{
    public ulong X;
    public ulong Gamma;
    public ulong Mean;
    public ulong Rstd;
    public ulong Dy;
    public ulong Dx;
    public ulong DGamma;
    public ulong DBeta;
    public long Rows;
    public int Columns;
    public int Kept;
    public int Accumulate;
    public int Unused;
}

/// <summary>A parameter of <c>optimize_*_f32</c>; twin of <c>OptimizerSlot</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceOptimizerSlot
{
    public ulong Weight;
    public ulong Gradient;
    public ulong First;
    public ulong Second;
    public long Count;
    public long FirstBlock;
    public float RateScale;
    public float WeightDecay;
}

/// <summary>Parameters of <c>optimize_*_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OptimizeParams
{
    public ulong Slots;
    public ulong SlotOfBlock;
    public ulong GradientScale;
    public float LearningRate;
    public float CorrectedRate;
    public float RootCorrection;
    public float Beta1;
    public float Rest1;
    public float Beta2;
    public float Rest2;
    public float Epsilon;
    public int Decoupled;
    public int Nesterov;
}

/// <summary>Parameters of <c>clip_factor_f32</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ClipFactorParams
{
    public ulong SumOfSquares;
    public ulong Y;
    public float MaxNorm;
    public float Average;
}
