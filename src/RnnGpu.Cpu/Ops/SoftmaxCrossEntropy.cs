using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CrossEntropyJob _crossEntropy = new();

    public void SoftmaxCrossEntropy(
        in TensorView x, in TensorView targets, in TensorView weights, float smoothing, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        IndexLimit limit = Check.SoftmaxCrossEntropy(x, targets, weights, smoothing, scale, loss, dx);
        long rows = x.Shape.Rows;
        int columns = x.Shape.Columns;
        _crossEntropy.X = Floats(x);
        _crossEntropy.Targets = Ints(targets);
        _crossEntropy.Weights = Floats(weights);
        _crossEntropy.Columns = columns;
        _crossEntropy.Smoothing = smoothing;
        _crossEntropy.Scale = dx.IsEmpty ? 0f : *Floats(scale);
        _crossEntropy.Loss = Floats(loss);
        _crossEntropy.Dx = Floats(dx);
        CheckBelow(_crossEntropy.Targets, rows, limit);
        _crossEntropy.OverRows(rows, columns, TranscendentalCost, _team);
    }

    private sealed class CrossEntropyJob : GrainedJob
    {
        public float* X;
        public int* Targets;
        public float* Weights;
        public long Columns;
        public float Smoothing;
        public float Scale;
        public float* Loss;
        public float* Dx;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++)
            {
                float* dx = Dx == null ? null : Dx + (row * Columns);
                int target = Targets[row];
                if (target >= 0)
                {
                    Loss[row] = RunRow(X + (row * Columns), target, Weights == null ? 1f : Weights[row], dx);
                    continue;
                }

                Loss[row] = 0f;
                if (dx != null) { System.Runtime.InteropServices.NativeMemory.Clear(dx, (nuint)Columns * sizeof(float)); }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private float RunRow(float* x, int target, float weight, float* dx)
        {
            float max = Max(x, Columns);
            // taken against the maximum, so that large logits cost no digits; and before dx, which may be x, is written
            float below = max - x[target];
            float belowMean = Smoothing == 0f ? 0f : (float)(max - (Sum(new ValueTerm(x), Columns) / Columns));
            double sum = Sum(new ExpTerm(x, max, dx), Columns);
            float logSum = LogOf((float)sum);
            if (dx != null)
            {
                float factor = Scale * weight;
                ScaleRow((float)(factor / sum), dx, -factor * Smoothing / Columns, dx, Columns);
                dx[target] -= factor * (1f - Smoothing);
            }

            float loss = (1f - Smoothing) * (logSum + below);
            if (Smoothing != 0f) { loss += Smoothing * (logSum + belowMean); }
            return weight * loss;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static float LogOf(float x)
        {
            float y;
            SimdScalar.Store(&y, SimdMath.Log(new SimdScalar(x)));
            return y;
        }
    }
}
