using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    public void CountWeights(in TensorView targets, in TensorView weights, long rows, in TensorView y)
    {
        Check.CountWeights(targets, weights, rows, y);
        int* target = Ints(targets);
        float* weight = Floats(weights);
        double sum = target == null && weight == null ? rows
            : target == null ? Sum(new ValueTerm(weight), rows)
            : Sum(new CountedWeightTerm(target, weight), rows);
        float* to = Floats(y);
        to[0] = (float)sum;
        to[1] = to[0] == 0f ? 0f : 1f / to[0];
    }

    /// <summary>The weight (or 1) where the target is not negative, else 0.</summary>
    private readonly struct CountedWeightTerm(int* targets, float* weights) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public T Full(long i)
        {
            float* lanes = stackalloc float[SumLanes];
            if (T.Width < 4) { return Partial(i, T.Width); }
            for (int j = 0; j < T.Width; j += 4)
            {
                Vector128<float> w = weights == null ? Vector128<float>.One : Vector128.Load(weights + i + j);
                Vector128<float> ignored = Vector128.LessThan(Vector128.Load(targets + i + j), Vector128<int>.Zero).AsSingle();
                Vector128.AndNot(w, ignored).Store(lanes + j);
            }

            return T.Load(lanes);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public T Partial(long i, int n)
        {
            float* lanes = stackalloc float[SumLanes];
            for (int j = 0; j < n; j++) { lanes[j] = targets[i + j] < 0 ? 0f : weights == null ? 1f : weights[i + j]; }
            return T.LoadPartial(lanes, n);
        }
    }
}
