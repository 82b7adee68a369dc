using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly OptimizeJob _optimize = new();

    public void Optimize(OptimizerStep step, in TensorView gradientScale, ReadOnlySpan<OptimizerSlot> slots)
    {
        Check.Optimize(step, gradientScale, slots);
        _optimize.Clear(step, gradientScale.IsEmpty ? 1f : *Floats(gradientScale));
        foreach (ref readonly OptimizerSlot slot in slots)
        {
            _optimize.Add(new Parameter
            {
                Weight = Floats(slot.Weight),
                Gradient = Floats(slot.Gradient),
                First = Floats(slot.First),
                Second = Floats(slot.Second),
                Length = slot.Weight.Length,
                LearningRate = step.LearningRate * slot.LearningRateScale,
                WeightDecay = slot.WeightDecay,
            });
        }

        _optimize.OverAll(_team);
    }

    /// <summary>A slot with its addresses, and where its elements stand among those of all slots.</summary>
    private struct Parameter
    {
        public float* Weight;
        public float* Gradient;
        public float* First;
        public float* Second;
        public long Start;
        public long Length;
        public float LearningRate;
        public float WeightDecay;
    }

    /// <summary>An update over the elements of all slots, numbered through, so that threads share many small slots evenly.</summary>
    private sealed class OptimizeJob : GrainedJob
    {
        private Parameter[] _parameters = new Parameter[16];
        private int _count;
        private long _length;
        private OptimizerStep _step;
        private float _gradientScale;

        public void Clear(in OptimizerStep step, float gradientScale)
        {
            _count = 0;
            _length = 0;
            _step = step;
            _gradientScale = gradientScale;
        }

        public void Add(Parameter parameter)
        {
            if (parameter.Length == 0) { return; }
            if (_count == _parameters.Length) { Array.Resize(ref _parameters, 2 * _count); }
            parameter.Start = _length;
            _parameters[_count++] = parameter;
            _length += parameter.Length;
        }

        public void OverAll(Threading.WorkerTeam team) => Over(_length, cost: 4, team);

        protected override void Run(long start, long end)
        {
            int index = 0;
            while (_parameters[index].Start + _parameters[index].Length <= start) { index++; }
            for (long i = start; i < end; index++)
            {
                ref readonly Parameter parameter = ref _parameters[index];
                long from = i - parameter.Start, to = Math.Min(end - parameter.Start, parameter.Length);
                switch (_step.Kind)
                {
                    case OptimizerKind.Sgd:
                        Apply(new SgdRule(_step, parameter, _gradientScale), from, to);
                        break;
                    case OptimizerKind.RmsProp:
                        Apply(new RmsPropRule(_step, parameter, _gradientScale), from, to);
                        break;
                    default:
                        Apply(new AdamRule(_step, parameter, _gradientScale), from, to);
                        break;
                }

                i += to - from;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void Apply<TRule>(in TRule rule, long from, long to)
            where TRule : struct, IRule
        {
            TRule local = rule;
            int w = T.Width;
            long i = from;
            for (; i <= to - w; i += w) { local.Update(i, w); }
            if (i < to) { local.Update(i, (int)(to - i)); }
        }
    }
}
