using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks of parameter updates.</summary>
internal static class OptimizerChecks
{
    public static void AdamW(CheckBench bench)
    {
        var step = new OptimizerStep { Kind = OptimizerKind.AdamW, LearningRate = 0.01f, Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f, Step = 3 };
        const double Decay = 0.1f;
        int[] counts = [1000, 1, 77];
        float[][] weights = [.. counts.Select(count => bench.Random(count))], gradients = [.. counts.Select(count => bench.Random(count))];
        float[][] first = [.. counts.Select(count => bench.Random(count))], second = [.. counts.Select(count => bench.Random(count).Select(MathF.Abs).ToArray())];
        OptimizerSlot[] slots =
        [
            .. counts.Select((count, i) => new OptimizerSlot(
                bench.Put(weights[i], count), bench.Put(gradients[i], count), bench.Put(first[i], count), bench.Put(second[i], count), 1, (float)Decay)),
        ];
        bench.Backend.Optimize(step, bench.Put([0.5f], 1), slots);
        for (int p = 0; p < slots.Length; p++)
        {
            int slot = p;
            bench.Expect(slots[p].Weight, i =>
            {
                double g = 0.5 * gradients[slot][i], rate = step.LearningRate;
                double m = (step.Beta1 * first[slot][i]) + ((1 - (double)step.Beta1) * g), v = (step.Beta2 * second[slot][i]) + ((1 - (double)step.Beta2) * g * g);
                double hatM = m / (1 - Math.Pow(step.Beta1, step.Step)), hatV = v / (1 - Math.Pow(step.Beta2, step.Step));
                double change = rate * hatM / (Math.Sqrt(hatV) + step.Epsilon), size = rate * 4 / (Math.Sqrt(hatV) + step.Epsilon);
                return ((weights[slot][i] * (1 - (rate * Decay))) - change, CheckBench.Chain(3, 1) + CheckBench.Chain(30, size));
            });
        }
    }
}
