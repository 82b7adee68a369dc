using RnnGpu.Core;
using RnnGpu.Cpu;

namespace RnnGpu.Cli.Bench;

/// <summary>How far a result is from the reference.</summary>
/// <param name="Error">Largest relative error of a tensor, ||out - ref|| / ||ref||.</param>
/// <param name="Allowed">What <paramref name="Error"/> may be.</param>
/// <param name="Worst">Tensor of the largest error.</param>
internal readonly record struct BenchError(double Error, double Allowed, string Worst)
{
    /// <summary>Whether the result is right; one that holds a number that is none is not.</summary>
    public bool Right => Error <= Allowed;
}

/// <summary>
/// The fp32 reference of a shape, computed on the CPU, and the comparison with it. What runs as a plan on the CPU is compared with the tape's form, which
/// shares neither loop nor derivatives with it; everything else with the plan on the CPU, which the tests hold to float64.
/// </summary>
internal sealed class BenchCheck(BenchData data, bool training)
{
    private BenchOutputs? _byPlan;
    private BenchOutputs? _byTape;

    /// <summary>Compares.</summary>
    /// <param name="actual">Of one iteration.</param>
    /// <param name="strategy">That gave it.</param>
    /// <param name="onCpu">Whether it ran on the CPU.</param>
    /// <param name="mode">Precision of its products.</param>
    public BenchError Compare(BenchOutputs actual, BenchStrategy strategy, bool onCpu, ComputeMode mode)
    {
        BenchOutputs expected = onCpu && strategy is PlanStrategy
            ? _byTape ??= Compute(new TapeStrategy("reference", "", perGate: false))
            : _byPlan ??= Compute(new PlanStrategy("reference", ""));
        return Between(expected, actual, mode);
    }

    /// <summary>Compares two programs' results.</summary>
    /// <param name="expected">The one that counts as right.</param>
    /// <param name="actual">The other.</param>
    /// <param name="mode">Precision of the products.</param>
    public BenchError Between(BenchOutputs expected, BenchOutputs actual, ComputeMode mode)
    {
        var worst = new BenchError(Distance(expected.Y, actual.Y), Allowed(mode), "y");
        if (!training) { return worst; }
        Worse("the input's gradient", expected.DX!, actual.DX!);
        string[] kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"];
        for (int i = 0; i < expected.Gradients!.Length; i++)
        {
            Worse($"the gradient of {kinds[i % BenchData.Kinds]} of layer {i / BenchData.Kinds / data.Shape.Spec.Directions}", expected.Gradients[i], actual.Gradients![i]);
        }

        return worst;

        void Worse(string what, float[] right, float[] given)
        {
            double error = Distance(right, given);
            if (!(error <= worst.Error)) { worst = worst with { Error = error, Worst = what }; }
        }
    }

    /// <summary>
    /// Relative error of a stack's results in the norm. fp32: a layer's pass is a likely chain over the G H + I terms of a step (Higham and Mary 2019: 4 sqrt(n) u),
    /// entering twice in gradients, beside the chain over T B rows of the parameters' gradients; 3 for partial sums larger than the result, and the cells'
    /// functions at 8 u. Other modes: factors rounded to u each, in both products and, backward, in states and gate gradients, 8 u a layer; and the
    /// hardware's tanh of bf16 and fp16, 2^-11 (PTX ISA, tanh.approx.f32), in gates and cell. Wrong gates or weights give errors near 1.
    /// </summary>
    public double Allowed(ComputeMode mode)
    {
        RnnSpec spec = data.Shape.Spec;
        const double Roundoff = 1.0 / (1 << 24);
        double chain = (4 * Math.Sqrt(spec.GateSize + spec.LayerInputSize(spec.Layers - 1)) * 3) + 8;
        double exact = Roundoff * ((4 * spec.Layers * chain) + (training ? 4 * Math.Sqrt((double)data.Shape.Steps * data.Shape.Batch) : 0));
        double factors = mode switch
        {
            ComputeMode.Bf16 => 1.0 / (1 << 8),
            ComputeMode.Tf32 or ComputeMode.Fp16 => 1.0 / (1 << 11),
            _ => 0,
        };
        double functions = mode is ComputeMode.Bf16 or ComputeMode.Fp16 ? 4.0 / (1 << 11) : 0;
        return exact + (spec.Layers * ((8 * factors) + functions));
    }

    /// <summary>||actual - expected|| / ||expected||, sums in double; infinite for what is no number.</summary>
    public static double Distance(float[] expected, float[] actual)
    {
        if (expected.Length != actual.Length) { return double.PositiveInfinity; }
        double error = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double e = expected[i], d = actual[i] - e;
            error += d * d;
            size += e * e;
        }

        double distance = error == 0 ? 0 : Math.Sqrt(error / size);
        return double.IsNaN(distance) ? double.PositiveInfinity : distance;
    }

    private BenchOutputs Compute(BenchStrategy strategy)
    {
        using IBackend cpu = CpuBackend.Create();
        using BenchRun run = strategy.Prepare(cpu, data, training, sets: 1);
        run.Iterate(0);
        return run.Read(0);
    }
}
