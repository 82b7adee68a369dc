using RnnGpu.Core;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<AddScaledParams> _addScaled = new("elementwise", "add_scaled_f32");

    /// <inheritdoc/>
    public void AddScaled(float alpha, in TensorView x, float beta, in TensorView y)
    {
        Check.AddScaled(x, y);
        LaunchLinear(_addScaled, x.Length, new AddScaledParams { X = Pointer(x), Y = Pointer(y), Count = x.Length, Alpha = alpha, Beta = beta });
    }
}
