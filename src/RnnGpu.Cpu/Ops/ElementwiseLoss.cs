using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly ElementwiseLossJob _elementwiseLoss = new();

    /// <summary>A loss l(x, t) and its derivative by x.</summary>
    private interface ILoss
    {
        static abstract T Value(T x, T t);

        static abstract T Slope(T x, T t);
    }

    public void ElementwiseLoss(
        ElementLoss kind, in TensorView x, in TensorView targets, in TensorView weights, in TensorView scale, in TensorView loss, in TensorView dx)
    {
        Check.ElementwiseLoss(kind, x, targets, weights, scale, loss, dx);
        _elementwiseLoss.Kind = kind;
        _elementwiseLoss.X = Floats(x);
        _elementwiseLoss.Targets = Floats(targets);
        _elementwiseLoss.Weights = Floats(weights);
        _elementwiseLoss.Scale = dx.IsEmpty ? 0f : *Floats(scale);
        _elementwiseLoss.Loss = Floats(loss);
        _elementwiseLoss.Dx = Floats(dx);
        _elementwiseLoss.Over(x.Length, kind == ElementLoss.BinaryCrossEntropy ? 2 * TranscendentalCost : 1, _team);
    }

    /// <summary>(x - t)²; 2 (x - t).</summary>
    private readonly struct SquaredError : ILoss
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T t) => (x - t) * (x - t);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x, T t) => (x - t) + (x - t);
    }

    /// <summary>|x - t|; the sign.</summary>
    private readonly struct AbsoluteError : ILoss
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T t) => T.Abs(x - t);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x, T t) => T.SelectLess(t, x, T.One, T.SelectLess(x, t, -T.One, T.Zero));
    }

    /// <summary>max(x, 0) - x t + log(1 + exp(-|x|)); sigmoid(x) - t.</summary>
    private readonly struct BinaryCrossEntropy : ILoss
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T x, T t) =>
            T.Relu(x) - (x * t) + SimdMath.LogOnePlus(SimdMath.ExpOfNonPositive(-T.Abs(x)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Slope(T x, T t) => T.Sigmoid(x) - t;
    }

    private sealed class ElementwiseLossJob : GrainedJob
    {
        public ElementLoss Kind;
        public float* X;
        public float* Targets;
        public float* Weights;
        public float Scale;
        public float* Loss;
        public float* Dx;

        protected override void Run(long start, long end)
        {
            switch (Kind)
            {
                case ElementLoss.SquaredError:
                    Apply<SquaredError>(start, end);
                    break;
                case ElementLoss.AbsoluteError:
                    Apply<AbsoluteError>(start, end);
                    break;
                case ElementLoss.BinaryCrossEntropy:
                    Apply<BinaryCrossEntropy>(start, end);
                    break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Apply<TLoss>(long start, long end)
            where TLoss : struct, ILoss
        {
            float* x = X, targets = Targets, weights = Weights, loss = Loss, dx = Dx;
            T scale = T.Broadcast(Scale);
            int w = T.Width;
            long i = start;
            for (; i <= end - w; i += w)
            {
                T prediction = T.Load(x + i), target = T.Load(targets + i);
                T weight = weights == null ? T.One : T.Load(weights + i);
                T.Store(loss + i, weight * TLoss.Value(prediction, target));
                if (dx != null) { T.Store(dx + i, scale * weight * TLoss.Slope(prediction, target)); }
            }

            if (i < end)
            {
                int n = (int)(end - i);
                T prediction = T.LoadPartial(x + i, n), target = T.LoadPartial(targets + i, n);
                T weight = weights == null ? T.One : T.LoadPartial(weights + i, n);
                T.StorePartial(loss + i, weight * TLoss.Value(prediction, target), n);
                if (dx != null) { T.StorePartial(dx + i, scale * weight * TLoss.Slope(prediction, target), n); }
            }
        }
    }
}
