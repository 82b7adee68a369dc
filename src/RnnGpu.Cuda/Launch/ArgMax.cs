using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<ArgMaxParams> _argMaxWarp = new("arg_max", "arg_max_warp_f32");
    private readonly Kernel<ArgMaxParams> _argMaxBlock = new("arg_max", "arg_max_block_f32");

    /// <inheritdoc/>
    /// <remarks>A NaN counts as the largest: the first of them is the answer.</remarks>
    public void ArgMax(in TensorView x, in TensorView y)
    {
        Check.ArgMax(x, y);
        if (y.Length == 0) { return; }
        var parameters = new ArgMaxParams { X = Pointer(x), Y = Pointer(y), Rows = y.Length, Columns = x.Shape.Columns };
        if (parameters.Columns <= WarpColumns)
        {
            _queue.Launch(_argMaxWarp, GridOf(Blocks(parameters.Rows, WarpRows)), new Dim3(DefaultThreads), 0, parameters);
        }
        else { _queue.Launch(_argMaxBlock, GridOf(parameters.Rows), new Dim3(DefaultThreads), 0, parameters); }
    }
}
