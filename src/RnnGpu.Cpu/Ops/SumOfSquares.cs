using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    public void SumOfSquares(ReadOnlySpan<TensorView> tensors, in TensorView y)
    {
        Check.SumOfSquares(tensors, y);
        _blockSums.Clear();
        _blockSums.Squares = true;
        foreach (ref readonly TensorView x in tensors) { _blockSums.Add(Floats(x), x.Length); }

        *Floats(y) = (float)_blockSums.Total(_team);
    }

    public void ClipFactor(in TensorView sumOfSquares, float maxNorm, float average, in TensorView y)
    {
        Check.ClipFactor(sumOfSquares, y);
        float norm = average * MathF.Sqrt(*Floats(sumOfSquares));
        float factor = float.IsPositiveInfinity(maxNorm) ? 1f : MathF.Min(1f, maxNorm / (norm + 1e-6f));
        *Floats(y) = factor * average;
    }
}
