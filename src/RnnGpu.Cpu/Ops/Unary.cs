using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    // elements of exp or tanh cost about this many of a copy
    private const long TranscendentalCost = 4;

    private readonly UnaryJob _unary = new();

    public void Unary(UnaryOp op, float parameter, in TensorView x, in TensorView y)
    {
        Check.Unary(op, x, y);
        _unary.Op = op;
        _unary.Parameter = parameter;
        _unary.X = Floats(x);
        _unary.Y = Floats(y);
        _unary.Over(x.Length, op is UnaryOp.Sigmoid or UnaryOp.Tanh or UnaryOp.Exp or UnaryOp.Log ? TranscendentalCost : 1, _team);
    }

    private sealed class UnaryJob : GrainedJob
    {
        public UnaryOp Op;
        public float Parameter;
        public float* X;
        public float* Y;

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
            float* x = X, y = Y;
            T p = T.Broadcast(Parameter);
            int w = T.Width;
            long i = start;
            for (; i <= end - w; i += w) { T.Store(y + i, TFunction.Value(T.Load(x + i), p)); }
            if (i < end)
            {
                int n = (int)(end - i);
                T.StorePartial(y + i, TFunction.Value(T.LoadPartial(x + i, n), p), n);
            }
        }
    }
}
