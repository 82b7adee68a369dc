using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Binary cross-entropy of logits x with targets t in 0..1: <c>-t log sigmoid(x) - (1-t) log(1 - sigmoid(x))</c>, computed as
/// <c>max(x,0) - x t + log(1 + exp(-|x|))</c>.
/// </summary>
public sealed class BinaryCrossEntropy(Reduction reduction = Reduction.Mean) : ElementwiseLoss(ElementLoss.BinaryCrossEntropy, reduction);
