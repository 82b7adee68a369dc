using RnnGpu.Core;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<ElementwiseLossParams> _elementwiseLoss = new("elementwise_loss", "elementwise_loss_f32");

    /// <inheritdoc/>
    public void ElementwiseLoss(
        ElementLoss kind, in TensorView x, in TensorView targets, in TensorView weights, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        Check.ElementwiseLoss(kind, x, targets, weights, scale, loss, dx);
        LaunchLinear(_elementwiseLoss, x.Length, new ElementwiseLossParams
        {
            X = Pointer(x),
            Targets = Pointer(targets),
            Weights = Pointer(weights),
            Scale = dx.IsEmpty ? 0 : Pointer(scale),
            Loss = Pointer(loss),
            Dx = Pointer(dx),
            Count = x.Length,
            Kind = kind,
        });
    }
}
