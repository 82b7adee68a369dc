using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    private static readonly OptimizerStep[] Rules =
    [
        new() { Kind = OptimizerKind.Sgd, LearningRate = 0.1f },
        new() { Kind = OptimizerKind.Sgd, LearningRate = 0.05f, Beta1 = 0.9f },
        new() { Kind = OptimizerKind.Sgd, LearningRate = 0.05f, Beta1 = 0.9f, Nesterov = true },
        new() { Kind = OptimizerKind.RmsProp, LearningRate = 0.01f, Beta2 = 0.99f, Epsilon = 1e-8f },
        new() { Kind = OptimizerKind.Adam, LearningRate = 1e-3f, Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f },
        new() { Kind = OptimizerKind.AdamW, LearningRate = 2e-3f, Beta1 = 0.8f, Beta2 = 0.95f, Epsilon = 1e-6f },
    ];

    private sealed record Slot(GuardedTensor Weight, GuardedTensor Gradient, GuardedTensor? First, GuardedTensor? Second, float RateScale, float Decay);

    [ContractFact]
    public void Optimizer_steps_equal_the_reference()
    {
        foreach (OptimizerStep rule in Rules)
        {
            foreach (float? gradientScale in (ReadOnlySpan<float?>)[null, 0.4f])
            {
                using var tensors = new GuardedTensors(Backend);
                bool hasFirst = rule.Kind is OptimizerKind.Adam or OptimizerKind.AdamW || rule.Beta1 > 0, hasSecond = rule.Kind != OptimizerKind.Sgd;
                var slots = new List<Slot>();
                foreach (int length in (ReadOnlySpan<int>)[1, 17, 0, 64, 168, 5003])
                {
                    var data = new TestData((ulong)length);
                    float[] zeros = new float[length];
                    slots.Add(new Slot(
                        tensors.Updated("weight", data.Uniform(length, -0.5f, 1), length),
                        tensors.Source("gradient", data.Uniform(length, -2, 1.5f), length),
                        hasFirst ? tensors.Updated("first", zeros, length) : null,
                        hasSecond ? tensors.Updated("second", zeros, length) : null,
                        length == 17 ? 0.5f : 1, length == 64 ? 0 : 0.01f));
                }

                TensorView scale = gradientScale is float s ? tensors.Source("scale", [s], 1).View : default;
                for (int step = 1; step <= 3; step++) { CheckUpdate(rule with { Step = step }, scale, gradientScale ?? 1, slots); }
                tensors.Check(rule.ToString());
            }
        }
    }

    /// <summary>One step from the state that the backend itself left, so that errors of steps do not add up.</summary>
    private void CheckUpdate(OptimizerStep step, TensorView scale, float gradientScale, List<Slot> slots)
    {
        List<(float[] W, float[] First, float[] Second)> before =
            slots.ConvertAll(slot => (slot.Weight.Floats(), slot.First?.Floats() ?? [], slot.Second?.Floats() ?? []));
        Backend.Optimize(step, scale, slots.ConvertAll(slot => new OptimizerSlot(
            slot.Weight.View, slot.Gradient.View, slot.First?.View ?? default, slot.Second?.View ?? default, slot.RateScale, slot.Decay)).ToArray());
        for (int i = 0; i < slots.Count; i++)
        {
            Slot slot = slots[i];
            (float[] weights, float[] firsts, float[] seconds) = before[i];
            float[] gradients = slot.Gradient.Floats();
            int length = weights.Length;
            double[] w = new double[length], wTolerance = new double[length], first = new double[length], firstTolerance = new double[length];
            double[] second = new double[length], secondTolerance = new double[length];
            for (int k = 0; k < length; k++)
            {
                double m = firsts.Length > 0 ? firsts[k] : 0, v = seconds.Length > 0 ? seconds[k] : 0;
                (w[k], first[k], second[k], double magnitude) = OptimizerReference.Update(
                    step, gradientScale, weights[k], gradients[k], m, v, slot.RateScale, slot.Decay);
                double g = Math.Abs(gradients[k] * gradientScale) + Math.Abs(slot.Decay * weights[k]);

                // Three roundings of the weight; the update and the states come from about ten operations each.
                wTolerance[k] = Tolerances.Chain(3, Math.Abs(weights[k])) + Tolerances.Chain(32, magnitude);
                firstTolerance[k] = Tolerances.Chain(8, Math.Abs(m) + g);
                secondTolerance[k] = Tolerances.Chain(12, v + (step.Beta2 < 1 ? (1 - step.Beta2) * g * g : 0));
            }

            string context = $"{step}, slot {i}, scale {gradientScale}";
            Compare.Near($"{context}: weight", w, slot.Weight.Floats(), wTolerance);
            if (slot.First is not null) { Compare.Near($"{context}: first state", first, slot.First.Floats(), firstTolerance); }
            if (slot.Second is not null) { Compare.Near($"{context}: second state", second, slot.Second.Floats(), secondTolerance); }
        }
    }

    [ContractFact]
    public void Clip_factor_equals_the_reference()
    {
        foreach (float average in (ReadOnlySpan<float>)[1, 0.25f])
        {
            foreach (float maxNorm in (ReadOnlySpan<float>)[0.5f, 5, float.PositiveInfinity])
            {
                foreach (float sumOfSquares in (ReadOnlySpan<float>)[0, 1e-4f, 3, 400, 1e20f])
                {
                    using var tensors = new GuardedTensors(Backend);
                    GuardedTensor y = tensors.Destination("y", 1);
                    Backend.ClipFactor(tensors.Source("sum of squares", [sumOfSquares], 1).View, maxNorm, average, y.View);
                    double expected = OptimizerReference.ClipFactor(sumOfSquares, maxNorm, average);
                    string context = $"clip factor of {sumOfSquares}, {maxNorm}, {average}";
                    Compare.Near(context, [expected], y.Floats(), Tolerances.Chain(6, expected));
                    tensors.Check(context);
                }
            }
        }
    }
}
