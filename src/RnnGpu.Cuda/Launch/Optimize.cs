using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Memory;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Elements of a block: twin of <c>updateBlock</c> in <c>optimize.cu</c>.</summary>
    private const int UpdateBlock = 4096;

    private readonly Kernel<OptimizeParams> _optimizeSgd = new("optimize", "optimize_sgd_f32");
    private readonly Kernel<OptimizeParams> _optimizeRmsProp = new("optimize", "optimize_rmsprop_f32");
    private readonly Kernel<OptimizeParams> _optimizeAdam = new("optimize", "optimize_adam_f32");
    private readonly Kernel<ClipFactorParams> _clipFactor = new("optimize", "clip_factor_f32");
    private readonly DeviceTable<DeviceOptimizerSlot> _slots = new();

    /// <inheritdoc/>
    public void Optimize(OptimizerStep step, in TensorView gradientScale, ReadOnlySpan<OptimizerSlot> slots)
    {
        Check.Optimize(step, gradientScale, slots);
        bool adaptive = step.Kind is OptimizerKind.Adam or OptimizerKind.AdamW;
        bool hasFirst = step.Kind != OptimizerKind.RmsProp, hasSecond = step.Kind != OptimizerKind.Sgd;
        _slots.Clear();
        foreach (ref readonly OptimizerSlot slot in slots)
        {
            if (slot.Weight.Length == 0) { continue; }
            _slots.Add(
                new DeviceOptimizerSlot
                {
                    Weight = Pointer(slot.Weight),
                    Gradient = Pointer(slot.Gradient),
                    First = hasFirst ? Pointer(slot.First) : 0,
                    Second = hasSecond ? Pointer(slot.Second) : 0,
                    Count = slot.Weight.Length,
                    FirstBlock = _slots.Blocks,
                    RateScale = slot.LearningRateScale,
                    WeightDecay = slot.WeightDecay,
                },
                Blocks(slot.Weight.Length, UpdateBlock));
        }

        if (_slots.Blocks == 0) { return; }
        (ulong entries, ulong owners) = _slots.Upload(_arena, _staging, _queue.Stream);
        Kernel<OptimizeParams> kernel = adaptive ? _optimizeAdam : hasSecond ? _optimizeRmsProp : _optimizeSgd;
        _queue.Launch(kernel, new Dim3(_slots.Blocks), new Dim3(DefaultThreads), 0, new OptimizeParams
        {
            Slots = entries,
            SlotOfBlock = owners,
            GradientScale = Pointer(gradientScale),
            LearningRate = step.LearningRate,
            CorrectedRate = adaptive ? (float)(step.LearningRate / (1.0 - Math.Pow(step.Beta1, step.Step))) : 0f,
            RootCorrection = adaptive ? (float)(1.0 / Math.Sqrt(1.0 - Math.Pow(step.Beta2, step.Step))) : 0f,
            Beta1 = step.Beta1,
            Rest1 = (float)(1.0 - step.Beta1),
            Beta2 = step.Beta2,
            Rest2 = (float)(1.0 - step.Beta2),
            Epsilon = step.Epsilon,
            Decoupled = step.Kind == OptimizerKind.AdamW ? 1 : 0,
            Nesterov = step.Nesterov ? 1 : 0,
        });
    }

    /// <inheritdoc/>
    public void ClipFactor(in TensorView sumOfSquares, float maxNorm, float average, in TensorView y)
    {
        Check.ClipFactor(sumOfSquares, y);
        _queue.Launch(_clipFactor, new Dim3(1), new Dim3(32), 0, new ClipFactorParams
        {
            SumOfSquares = Pointer(sumOfSquares),
            Y = Pointer(y),
            MaxNorm = maxNorm,
            Average = average,
        });
    }
}
