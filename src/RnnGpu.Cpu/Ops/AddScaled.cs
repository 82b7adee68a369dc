using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly AddScaledJob _addScaled = new();

    public void AddScaled(float alpha, in TensorView x, float beta, in TensorView y)
    {
        Check.AddScaled(x, y);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.AddScaled, Alpha = alpha, U = x, Beta = beta, V = y };
            return;
        }

        _addScaled.Alpha = alpha;
        _addScaled.X = Floats(x);
        _addScaled.Beta = beta;
        _addScaled.Y = Floats(y);
        _addScaled.Over(x.Length, cost: 1, _team);
    }

    private sealed class AddScaledJob : GrainedJob
    {
        public float Alpha;
        public float* X;
        public float Beta;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            float* x = X, y = Y;
            T alpha = T.Broadcast(Alpha), beta = T.Broadcast(Beta);
            int w = T.Width;
            long i = start;
            if (Beta == 0)
            {
                for (; i <= end - w; i += w) { T.Store(y + i, alpha * T.Load(x + i)); }
                if (i < end) { T.StorePartial(y + i, alpha * T.LoadPartial(x + i, (int)(end - i)), (int)(end - i)); }
                return;
            }

            for (; i <= end - w; i += w) { T.Store(y + i, T.MultiplyAdd(alpha, T.Load(x + i), beta * T.Load(y + i))); }
            if (i < end)
            {
                int n = (int)(end - i);
                T.StorePartial(y + i, T.MultiplyAdd(alpha, T.LoadPartial(x + i, n), beta * T.LoadPartial(y + i, n)), n);
            }
        }
    }
}
