using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Mean squared error: <c>(x - t)²</c>.</summary>
public sealed class Mse(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.SquaredError, reduction);
