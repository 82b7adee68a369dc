using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly UnaryBackwardJob _unaryBackward = new();

    /// <remarks>x may be empty where the gradient needs only y (sigmoid, tanh, exp, square root), y where it needs only x.</remarks>
    public void UnaryBackward(
        UnaryOp op, float parameter, in TensorView x, in TensorView y, in TensorView dy, bool accumulate, in TensorView dx)
    {
        Check.UnaryBackward(op, x, y, dy, dx);
        _unaryBackward.Op = op;
        _unaryBackward.Parameter = parameter;
        _unaryBackward.Dy = Floats(dy);
        // what a gradient does not need is read from somewhere harmless and dropped
        _unaryBackward.X = Check.GradientNeedsX(op) ? Floats(x) : _unaryBackward.Dy;
        _unaryBackward.Y = Check.GradientNeedsY(op) ? Floats(y) : _unaryBackward.Dy;
        _unaryBackward.Accumulate = accumulate;
        _unaryBackward.Dx = Floats(dx);
        _unaryBackward.Over(dy.Length, cost: 1, _team);
    }

    private sealed class UnaryBackwardJob : GrainedJob
    {
        public UnaryOp Op;
        public float Parameter;
        public float* X;
        public float* Y;
        public float* Dy;
        public bool Accumulate;
        public float* Dx;

        protected override void Run(long start, long end)
        {
            switch (Op)
            {
                case UnaryOp.Negate:
                    Apply<NegateFunction>(start, end);
                    break;
                case UnaryOp.Scale:
                    Apply<ScaleFunction>(start, end);
                    break;
                case UnaryOp.Shift:
                    Apply<ShiftFunction>(start, end);
                    break;
                case UnaryOp.Sigmoid:
                    Apply<SigmoidFunction>(start, end);
                    break;
                case UnaryOp.Tanh:
                    Apply<TanhFunction>(start, end);
                    break;
                case UnaryOp.Relu:
                    Apply<ReluFunction>(start, end);
                    break;
                case UnaryOp.LeakyRelu:
                    Apply<LeakyReluFunction>(start, end);
                    break;
                case UnaryOp.Step:
                    Apply<StepFunction>(start, end);
                    break;
                case UnaryOp.Exp:
                    Apply<ExpFunction>(start, end);
                    break;
                case UnaryOp.Log:
                    Apply<LogFunction>(start, end);
                    break;
                case UnaryOp.Sqrt:
                    Apply<SqrtFunction>(start, end);
                    break;
                case UnaryOp.Square:
                    Apply<SquareFunction>(start, end);
                    break;
                case UnaryOp.Abs:
                    Apply<AbsFunction>(start, end);
                    break;
                case UnaryOp.Clamp:
                    Apply<ClampFunction>(start, end);
                    break;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Apply<TFunction>(long start, long end)
            where TFunction : struct, IUnary
        {
            float* x = X, y = Y, dy = Dy, dx = Dx;
            bool accumulate = Accumulate;
            T p = T.Broadcast(Parameter);
            int w = T.Width;
            long i = start;
            for (; i <= end - w; i += w)
            {
                T g = TFunction.Gradient(T.Load(x + i), T.Load(y + i), p, T.Load(dy + i));
                T.Store(dx + i, accumulate ? T.Load(dx + i) + g : g);
            }

            if (i < end)
            {
                int n = (int)(end - i);
                T g = TFunction.Gradient(T.LoadPartial(x + i, n), T.LoadPartial(y + i, n), p, T.LoadPartial(dy + i, n));
                T.StorePartial(dx + i, accumulate ? T.LoadPartial(dx + i, n) + g : g, n);
            }
        }
    }
}
