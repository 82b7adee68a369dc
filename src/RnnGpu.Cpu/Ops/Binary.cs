using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly BinaryJob _binary = new();

    /// <summary>A function of two variables.</summary>
    private interface IBinary
    {
        static abstract T Value(T a, T b);
    }

    public void Binary(BinaryOp op, in TensorView a, in TensorView b, in TensorView y)
    {
        Check.Binary(op, a, b, y, out Walk walk);
        _binary.Op = op;
        _binary.A = Floats(a);
        _binary.B = Floats(b);
        _binary.Y = Floats(y);
        _binary.Walk = walk;
        _binary.Over(y.Length, cost: 1, _team);
    }

    private readonly struct AddFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => a + b;
    }

    private readonly struct SubtractFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => a - b;
    }

    private readonly struct MultiplyFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => a * b;
    }

    private readonly struct DivideFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => a / b;
    }

    private readonly struct MaximumFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => T.Max(a, b);
    }

    private readonly struct MinimumFunction : IBinary
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Value(T a, T b) => T.Min(a, b);
    }

    private sealed class BinaryJob : GrainedJob
    {
        public BinaryOp Op;
        public float* A;
        public float* B;
        public float* Y;
        public Walk Walk;

        protected override void Run(long start, long end)
        {
            switch (Op)
            {
                case BinaryOp.Add:
                    Apply<AddFunction>(start, end);
                    break;
                case BinaryOp.Subtract:
                    Apply<SubtractFunction>(start, end);
                    break;
                case BinaryOp.Multiply:
                    Apply<MultiplyFunction>(start, end);
                    break;
                case BinaryOp.Divide:
                    Apply<DivideFunction>(start, end);
                    break;
                case BinaryOp.Maximum:
                    Apply<MaximumFunction>(start, end);
                    break;
                case BinaryOp.Minimum:
                    Apply<MinimumFunction>(start, end);
                    break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Apply<TFunction>(long start, long end)
            where TFunction : struct, IBinary
        {
            long inner = Walk.Inner, row = start / inner, column = start - (row * inner);
            for (long i = start; i < end; row++, column = 0)
            {
                Walk.Offsets(row, Walk.Rank - 1, out long a, out long b, out _);
                long n = Math.Min(inner - column, end - i);
                Span<TFunction>(A + a + (column * Walk.InnerA), Walk.InnerA, B + b + (column * Walk.InnerB), Walk.InnerB, Y + i, n);
                i += n;
            }
        }

        /// <summary>One run along which each source steps by 1 or stays.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Span<TFunction>(float* a, long stepA, float* b, long stepB, float* y, long n)
            where TFunction : struct, IBinary
        {
            int w = T.Width;
            long i = 0;
            if (stepA != 0 && stepB != 0)
            {
                for (; i <= n - w; i += w) { T.Store(y + i, TFunction.Value(T.Load(a + i), T.Load(b + i))); }
            }
            else if (stepA != 0)
            {
                T value = T.Broadcast(*b);
                for (; i <= n - w; i += w) { T.Store(y + i, TFunction.Value(T.Load(a + i), value)); }
            }
            else if (stepB != 0)
            {
                T value = T.Broadcast(*a);
                for (; i <= n - w; i += w) { T.Store(y + i, TFunction.Value(value, T.Load(b + i))); }
            }
            else
            {
                T value = TFunction.Value(T.Broadcast(*a), T.Broadcast(*b));
                for (; i <= n - w; i += w) { T.Store(y + i, value); }
            }

            if (i < n)
            {
                int rest = (int)(n - i);
                T lastA = stepA != 0 ? T.LoadPartial(a + i, rest) : T.Broadcast(*a);
                T lastB = stepB != 0 ? T.LoadPartial(b + i, rest) : T.Broadcast(*b);
                T.StorePartial(y + i, TFunction.Value(lastA, lastB), rest);
            }
        }
    }
}
