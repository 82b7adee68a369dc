using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly OptimizeJob _optimize = new();

    public void Optimize(OptimizerStep step, in TensorView gradientScale, ReadOnlySpan<OptimizerSlot> slots)
    {
        if (!Enum.IsDefined(step.Kind)) { Check.Fail(nameof(Optimize), $"{(int)step.Kind} is no update rule"); }
        if (step.Kind is OptimizerKind.Adam or OptimizerKind.AdamW && step.Step < 1)
        {
            Check.Fail(nameof(Optimize), $"updates are counted from 1, but this is number {step.Step}");
        }

        Check.OptionalFloats(gradientScale, nameof(gradientScale), 1);
        _optimize.Clear(step, gradientScale.IsEmpty ? 1f : *Floats(gradientScale));
        foreach (ref readonly OptimizerSlot slot in slots)
        {
            Check.Floats(slot.Weight, "a slot's weight");
            long length = slot.Weight.Length;
            Check.Floats(slot.Gradient, "its gradient", length);
            if (step.Kind is OptimizerKind.Adam or OptimizerKind.AdamW) { Check.Floats(slot.First, "its first state", length); }
            if (step.Kind == OptimizerKind.Sgd)
            {
                Check.OptionalFloats(slot.First, "its momentum", length);
                if (slot.First.IsEmpty && step.Beta1 != 0)
                {
                    Check.Fail(nameof(Optimize), $"momentum {step.Beta1} needs a first state in every slot");
                }
            }
            else { Check.Floats(slot.Second, "its second state", length); }

            _optimize.Add(new Parameter
            {
                Weight = Floats(slot.Weight),
                Gradient = Floats(slot.Gradient),
                First = Floats(slot.First),
                Second = Floats(slot.Second),
                Length = length,
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
