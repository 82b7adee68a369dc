using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly DropoutJob _dropout = new();

    public void Dropout(in TensorView x, float probability, RandomKey key, long first, in TensorView y)
    {
        Check.Dropout(x, probability, first, y);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.Dropout, U = x, Alpha = probability, Key = key, Inner = first, V = y };
            return;
        }

        if (probability == 0)
        {
            Copy(x, y);
            return;
        }

        _dropout.X = Floats(x);
        _dropout.Probability = probability;
        _dropout.Key = key;
        _dropout.First = (ulong)first;
        _dropout.Y = Floats(y);
        _dropout.Over(x.Length, TranscendentalCost, _team);
    }

    private sealed class DropoutJob : GrainedJob
    {
        public float* X;
        public float Probability;
        public RandomKey Key;
        public ulong First;
        public float* Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            float* uniform = stackalloc float[PhiloxLanes.Count];
            for (long i = start; i < end;)
            {
                ulong at = First + (ulong)i;
                int skip = (int)(at % PhiloxLanes.Count);
                long n = Math.Min(end - i, PhiloxLanes.Count - skip);
                PhiloxLanes.Fill(T.Width, Key, (at - (ulong)skip) / 4, uniform);
                Apply(uniform + skip, X + i, Y + i, n);
                i += n;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Apply(float* uniform, float* x, float* y, long n)
        {
            T p = T.Broadcast(Probability), scale = T.Broadcast(1f / (1f - Probability));
            int w = T.Width;
            long i = 0;
            for (; i <= n - w; i += w) { T.Store(y + i, T.SelectLess(T.Load(uniform + i), p, T.Zero, T.Load(x + i) * scale)); }
            if (i < n)
            {
                int rest = (int)(n - i);
                T.StorePartial(y + i, T.SelectLess(T.LoadPartial(uniform + i, rest), p, T.Zero, T.LoadPartial(x + i, rest) * scale), rest);
            }
        }
    }
}
