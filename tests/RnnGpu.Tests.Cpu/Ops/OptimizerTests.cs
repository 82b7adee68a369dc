using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

public class OptimizerTests
{
    private static readonly int[] Lengths = [1, 7, 40_003, 16, 300, 33_000];

    [Theory]
    [InlineData(OptimizerKind.Sgd, false, false)]
    [InlineData(OptimizerKind.Sgd, true, false)]
    [InlineData(OptimizerKind.Sgd, true, true)]
    [InlineData(OptimizerKind.RmsProp, false, false)]
    [InlineData(OptimizerKind.Adam, false, false)]
    [InlineData(OptimizerKind.AdamW, false, false)]
    public void Three_updates_follow_the_rule(OptimizerKind kind, bool momentum, bool nesterov)
    {
        const float Scale = 0.3f;
        bool adam = kind is OptimizerKind.Adam or OptimizerKind.AdamW;
        bool first = adam || momentum, second = kind != OptimizerKind.Sgd;
        var step = new OptimizerStep
        {
            Kind = kind,
            LearningRate = 0.02f,
            Beta1 = adam ? 0.9f : momentum ? 0.8f : 0f,
            Beta2 = 0.95f,
            Epsilon = 1e-6f,
            Nesterov = nesterov,
        };
        float[] got = Machines.Run(m =>
        {
            TensorView[] weights = [.. Lengths.Select((n, i) => m.Put(Machines.Numbers(n, (uint)i)))];
            OptimizerSlot[] slots = [.. weights.Select((w, i) => new OptimizerSlot(
                w, m.Put(Gradient(i)), first ? m.Put(new float[Lengths[i]]) : default, second ? m.Put(new float[Lengths[i]]) : default, i % 2 == 0 ? 1f : 0.5f, 0.1f * i))];
            TensorView scale = m.Put([Scale]);
            for (int t = 1; t <= 3; t++) { m.Backend.Optimize(step with { Step = t }, scale, slots); }
            return [.. weights.SelectMany(m.Get)];
        });

        var expected = new List<double>();
        for (int i = 0; i < Lengths.Length; i++)
        {
            float[] w = Machines.Numbers(Lengths[i], (uint)i), g = Gradient(i);
            for (int j = 0; j < w.Length; j++) { expected.Add(Updated(step, w[j], (double)Scale * g[j], i % 2 == 0 ? 0.02f : 0.01f, 0.1f * i, first)); }
        }

        // where decay cancels a gradient, what is left is rounding, and adaptive rules divide by its size
        Machines.Near([.. expected], got, 1e-5);
    }

    [Fact]
    public void A_rule_without_its_state_is_refused()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        TensorView w = m.Make(4);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => m.Backend.Optimize(
            new OptimizerStep { Kind = OptimizerKind.Adam, LearningRate = 1, Step = 1 }, default, [new OptimizerSlot(w, w, default, default, 1, 0)]));
        Assert.Contains("first state", refused.Message, StringComparison.Ordinal);
    }

    private static float[] Gradient(int slot) => Machines.Numbers(Lengths[slot], (uint)(20 + slot));

    private static double Updated(OptimizerStep step, double w, double gradient, double rate, double decay, bool momentum)
    {
        double m = 0, v = 0, b1 = step.Beta1, b2 = step.Beta2;
        for (int t = 1; t <= 3; t++)
        {
            double g = step.Kind == OptimizerKind.AdamW ? gradient : gradient + (decay * w);
            switch (step.Kind)
            {
                case OptimizerKind.Sgd:
                    m = (b1 * m) + g;
                    w -= rate * (!momentum ? g : step.Nesterov ? g + (b1 * m) : m);
                    break;
                case OptimizerKind.RmsProp:
                    v = (b2 * v) + ((1 - b2) * g * g);
                    w -= rate * g / (Math.Sqrt(v) + step.Epsilon);
                    break;
                default:
                    if (step.Kind == OptimizerKind.AdamW) { w -= rate * decay * w; }
                    m = (b1 * m) + ((1 - b1) * g);
                    v = (b2 * v) + ((1 - b2) * g * g);
                    w -= rate * (m / (1 - Math.Pow(b1, t))) / (Math.Sqrt(v / (1 - Math.Pow(b2, t))) + step.Epsilon);
                    break;
            }
        }

        return w;
    }
}
