using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>An update rule over a register of elements.</summary>
    private interface IRule
    {
        /// <summary>Updates elements i to i + n - 1; n is the register's width, or less at the end.</summary>
        void Update(long i, int n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LoadSome(float* p, int n) => n == T.Width ? T.Load(p) : T.LoadPartial(p, n);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreSome(float* p, T x, int n)
    {
        if (n == T.Width) { T.Store(p, x); }
        else { T.StorePartial(p, x, n); }
    }

    /// <summary><c>g = scale gradient + decay w; v = mu v + g; w -= lr v</c>, or with Nesterov <c>w -= lr (g + mu v)</c>.</summary>
    private readonly struct SgdRule(in OptimizerStep step, in Parameter slot, float gradientScale) : IRule
    {
        private readonly float* _w = slot.Weight;
        private readonly float* _g = slot.Gradient;
        private readonly float* _v = slot.First;
        private readonly bool _nesterov = step.Nesterov;
        private readonly T _scale = T.Broadcast(gradientScale);
        private readonly T _decay = T.Broadcast(slot.WeightDecay);
        private readonly T _mu = T.Broadcast(step.Beta1);
        private readonly T _minusRate = T.Broadcast(-slot.LearningRate);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Update(long i, int n)
        {
            T w = LoadSome(_w + i, n);
            T g = T.MultiplyAdd(_decay, w, _scale * LoadSome(_g + i, n));
            if (_v != null)
            {
                T v = T.MultiplyAdd(_mu, LoadSome(_v + i, n), g);
                StoreSome(_v + i, v, n);
                g = _nesterov ? T.MultiplyAdd(_mu, v, g) : v;
            }

            StoreSome(_w + i, T.MultiplyAdd(_minusRate, g, w), n);
        }
    }

    /// <summary><c>g = scale gradient + decay w; v = rho v + (1-rho) g²; w -= lr g / (sqrt v + eps)</c>.</summary>
    private readonly struct RmsPropRule(in OptimizerStep step, in Parameter slot, float gradientScale) : IRule
    {
        private readonly float* _w = slot.Weight;
        private readonly float* _g = slot.Gradient;
        private readonly float* _v = slot.Second;
        private readonly T _scale = T.Broadcast(gradientScale);
        private readonly T _decay = T.Broadcast(slot.WeightDecay);
        private readonly T _rho = T.Broadcast(step.Beta2);
        private readonly T _rest = T.Broadcast((float)(1.0 - step.Beta2));
        private readonly T _epsilon = T.Broadcast(step.Epsilon);
        private readonly T _rate = T.Broadcast(slot.LearningRate);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Update(long i, int n)
        {
            T w = LoadSome(_w + i, n);
            T g = T.MultiplyAdd(_decay, w, _scale * LoadSome(_g + i, n));
            T v = T.MultiplyAdd(_rho, LoadSome(_v + i, n), _rest * (g * g));
            StoreSome(_v + i, v, n);
            StoreSome(_w + i, w - (_rate * g / (T.Sqrt(v) + _epsilon)), n);
        }
    }

    /// <summary>
    /// <c>m = b1 m + (1-b1) g; v = b2 v + (1-b2) g²; w -= lr/(1-b1^t) m / (sqrt v / sqrt(1-b2^t) + eps)</c>, after Adam's
    /// <c>g += decay w</c> or AdamW's <c>w -= lr decay w</c>.
    /// </summary>
    private readonly struct AdamRule(in OptimizerStep step, in Parameter slot, float gradientScale) : IRule
    {
        private readonly float* _w = slot.Weight;
        private readonly float* _g = slot.Gradient;
        private readonly float* _m = slot.First;
        private readonly float* _v = slot.Second;
        private readonly T _scale = T.Broadcast(gradientScale);
        private readonly T _decay = T.Broadcast(step.Kind == OptimizerKind.Adam ? slot.WeightDecay : 0f);
        private readonly T _keep = T.Broadcast(step.Kind == OptimizerKind.AdamW ? 1f - (slot.LearningRate * slot.WeightDecay) : 1f);
        private readonly T _beta1 = T.Broadcast(step.Beta1);
        private readonly T _rest1 = T.Broadcast((float)(1.0 - step.Beta1));
        private readonly T _beta2 = T.Broadcast(step.Beta2);
        private readonly T _rest2 = T.Broadcast((float)(1.0 - step.Beta2));
        private readonly T _epsilon = T.Broadcast(step.Epsilon);
        private readonly T _rate = T.Broadcast((float)(slot.LearningRate / (1.0 - Math.Pow(step.Beta1, step.Step))));
        private readonly T _rootCorrection = T.Broadcast((float)(1.0 / Math.Sqrt(1.0 - Math.Pow(step.Beta2, step.Step))));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Update(long i, int n)
        {
            T w = LoadSome(_w + i, n);
            T g = T.MultiplyAdd(_decay, w, _scale * LoadSome(_g + i, n));
            T m = T.MultiplyAdd(_beta1, LoadSome(_m + i, n), _rest1 * g);
            T v = T.MultiplyAdd(_beta2, LoadSome(_v + i, n), _rest2 * (g * g));
            StoreSome(_m + i, m, n);
            StoreSome(_v + i, v, n);
            StoreSome(_w + i, (_keep * w) - (_rate * m / T.MultiplyAdd(T.Sqrt(v), _rootCorrection, _epsilon)), n);
        }
    }
}
