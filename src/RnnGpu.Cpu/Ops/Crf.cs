using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    /// <summary>Taken for the largest score where all are -infinity, so that differences from it are no NaN.</summary>
    private const float LeastShift = -3e38f;

    /// <summary>What the passes over a conditional random field share. Lanes are tags; rows go to threads.</summary>
    private abstract class CrfJob : GrainedJob
    {
        public float* X;
        public float* Transitions;
        public float* Start;
        public float* End;
        public int* Lengths;
        public int Steps;
        public int Batch;
        public int K;

        public void Set(in CrfScores scores, CrfSizes sizes)
        {
            X = (float*)Address(scores.Emissions);
            Transitions = (float*)Address(scores.Transitions);
            Start = (float*)Address(scores.Start);
            End = (float*)Address(scores.End);
            Lengths = (int*)Address(scores.Lengths);
            (Steps, Batch, K) = (sizes.Steps, sizes.Batch, sizes.Tags);
        }

        /// <summary>Steps of a row.</summary>
        protected int Length(long row) => Lengths == null ? Steps : Math.Clamp(Lengths[row], 0, Steps);

        /// <summary>Place of a step of a row in [T, B].</summary>
        protected long At(int step, long row) => ((long)step * Batch) + row;

        /// <summary>Whether a row's tags are all there.</summary>
        protected bool Counts(int* tags, long row, int n)
        {
            for (int t = 0; t < n; t++)
            {
                if (tags[At(t, row)] < 0) { return false; }
            }

            return true;
        }

        /// <summary><c>y[j] = x[j] + log sum_i exp(from[i] + a[i, j])</c>; x may be null (0). A lane is one chain over i.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected static void LogProduct(float* from, float* a, float* x, float* y, int k)
        {
            int w = T.Width;
            for (int j = 0; j < k; j += w)
            {
                int n = Math.Min(w, k - j);
                T most = T.Broadcast(LeastShift), sum = T.Zero;
                if (n == w)
                {
                    for (int i = 0; i < k; i++) { most = T.Max(most, T.Broadcast(from[i]) + T.Load(a + ((long)i * k) + j)); }
                    for (int i = 0; i < k; i++)
                    {
                        sum += SimdMath.ExpOfNonPositive((T.Broadcast(from[i]) + T.Load(a + ((long)i * k) + j)) - most);
                    }
                }
                else
                {
                    for (int i = 0; i < k; i++) { most = T.Max(most, T.Broadcast(from[i]) + T.LoadPartial(a + ((long)i * k) + j, n)); }
                    for (int i = 0; i < k; i++)
                    {
                        sum += SimdMath.ExpOfNonPositive((T.Broadcast(from[i]) + T.LoadPartial(a + ((long)i * k) + j, n)) - most);
                    }
                }

                T log = most + SimdMath.Log(sum);
                if (x != null) { log += T.LoadPartial(x + j, n); }
                T.StorePartial(y + j, log, n);
            }
        }

        /// <summary><c>y = a + b</c>; in place allowed.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected static void AddRow(float* a, float* b, float* y, int k)
        {
            int w = T.Width;
            for (int j = 0; j < k; j += w)
            {
                int n = Math.Min(w, k - j);
                T.StorePartial(y + j, T.LoadPartial(a + j, n) + T.LoadPartial(b + j, n), n);
            }
        }

        /// <summary>Takes the largest off a row, and gives it.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected static float Shift(float* x, int k)
        {
            float most = MathF.Max(Max(x, k), LeastShift);
            AddToRow(x, -most, k);
            return most;
        }

        /// <summary><c>x += a</c>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected static void AddToRow(float* x, float a, int k)
        {
            int w = T.Width;
            T all = T.Broadcast(a);
            for (int j = 0; j < k; j += w)
            {
                int n = Math.Min(w, k - j);
                T.StorePartial(x + j, T.LoadPartial(x + j, n) + all, n);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected static float LogOf(float x)
        {
            float y;
            SimdScalar.Store(&y, SimdMath.Log(new SimdScalar(x)));
            return y;
        }
    }

    /// <summary>exp(a + b - max), written to y where there is one while it is summed.</summary>
    private readonly struct ExpOfSumTerm(float* a, float* b, float max, float* y) : ITerm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Full(long i)
        {
            T e = SimdMath.ExpOfNonPositive((T.Load(a + i) + T.Load(b + i)) - T.Broadcast(max));
            if (y != null) { T.Store(y + i, e); }
            return e;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Partial(long i, int n)
        {
            T e = FirstLanes(SimdMath.ExpOfNonPositive((T.LoadPartial(a + i, n) + T.LoadPartial(b + i, n)) - T.Broadcast(max)), n);
            if (y != null) { T.StorePartial(y + i, e, n); }
            return e;
        }
    }

    /// <summary>Largest of a + b, but at least <see cref="LeastShift"/>; NaN if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MaxOfSum(float* a, float* b, int k)
    {
        float most = LeastShift;
        for (int i = 0; i < k; i++) { most = MathF.Max(most, a[i] + b[i]); }
        return most;
    }
}
