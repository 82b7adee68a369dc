using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Mean absolute error: <c>|x - t|</c>, slope 0 at 0.</summary>
public sealed class Mae(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.AbsoluteError, reduction);
