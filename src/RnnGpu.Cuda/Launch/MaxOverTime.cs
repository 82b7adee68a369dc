using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private const int MostGridRows = 65_535;

    private readonly Kernel<MaxOverTimeParams> _maxOverTime = new("max_over_time", "max_over_time_f32");
    private readonly Kernel<MaxOverTimeParams> _maxOverTimeBackward = new("max_over_time", "max_over_time_backward_f32");

    /// <inheritdoc/>
    public void MaxOverTime(in TensorView x, in TensorView lengths, in TensorView y, in TensorView steps)
    {
        Check.MaxOverTime(x, lengths, y, steps);
        if (y.Length == 0) { return; }
        _queue.Launch(
            _maxOverTime, GridOf(Blocks(y.Length, DefaultThreads)), new Dim3(DefaultThreads), 0,
            MaxOverTimeParamsOf(x, y, steps) with { Lengths = lengths.IsEmpty ? 0 : Pointer(lengths) });
    }

    /// <inheritdoc/>
    public void MaxOverTimeBackward(in TensorView dy, in TensorView steps, in TensorView dx)
    {
        Check.MaxOverTimeBackward(dy, steps, dx);
        if (dx.Length == 0) { return; }
        _queue.Launch(
            _maxOverTimeBackward, new Dim3((int)Blocks(dy.Length, DefaultThreads), Math.Min(dx.Shape[0], MostGridRows)), new Dim3(DefaultThreads), 0,
            MaxOverTimeParamsOf(dx, dy, steps));
    }

    private static MaxOverTimeParams MaxOverTimeParamsOf(in TensorView x, in TensorView y, in TensorView steps) => new()
    {
        X = Pointer(x),
        Y = Pointer(y),
        Steps = Pointer(steps),
        Rows = x.Shape[1],
        Columns = x.Shape[2],
        Time = x.Shape[0],
    };
}
