using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>
/// Compares gradients with finite differences of <c>sum(r y)</c> with fixed random r. The sum is taken on the host in double;
/// the five-point difference <c>(8 (f(h)-f(-h)) - (f(2h)-f(-2h))) / 12h</c> with h = 1/32 has a truncation error of h^4 f'''''/30
/// (3e-8 f''''') and, with results that carry a float's relative error 6e-8, a rounding error of about 3e-6 a term.
/// <see cref="Tolerance"/> leaves a factor of 50 for the number of terms and for approximated functions.
/// </summary>
internal static class GradientCheck
{
    private const float H = 1f / 32f;

    private const double Tolerance = 3e-4;

    /// <summary>Numbers within ±scale, none closer to 0 than a quarter of it: away from the kinks of |x| and ReLU.</summary>
    public static float[] Values(Shape shape, uint site, float scale = 1f)
    {
        var random = new PhiloxStream(new RandomKey(1234, 0, site));
        var values = new float[shape.Length];
        for (int i = 0; i < values.Length; i++)
        {
            float u = random.NextFloat();
            values[i] = scale * (0.25f + (0.75f * u)) * (random.NextUInt() % 2 == 0 ? 1f : -1f);
        }

        return values;
    }

    /// <summary>Checks a function of leaves, all of whose inputs get gradients.</summary>
    public static void Run(Device device, Func<Tensor[], Tensor> function, params (Shape Shape, float[] Values)[] leaves) =>
        Run(device, null, function, leaves);

    /// <summary>As <see cref="Run(Device, Func{Tensor[], Tensor}, ValueTuple{Shape, float[]}[])"/>, and the parameters of a module.</summary>
    public static void Run(Device device, Module? module, Func<Tensor[], Tensor> function, params (Shape Shape, float[] Values)[] leaves)
    {
        IReadOnlyList<NamedParameter> parameters = module?.NamedParameters() ?? [];
        module?.ZeroGrad();
        device.ReleaseStep();
        Tensor[] inputs = Array.ConvertAll(leaves, leaf => device.Tensor(leaf.Values, leaf.Shape, requiresGrad: true));
        Tensor y = function(inputs);
        float[] r = Values(y.Shape, 99);
        y.Backward(device.Tensor(r, y.Shape).Keep());
        float[][] gradients = Array.ConvertAll(inputs, input => input.Grad.ToArray());
        var parameterGradients = new float[parameters.Count][];
        for (int i = 0; i < parameters.Count; i++) { parameterGradients[i] = parameters[i].Parameter.GradientToArray(); }

        double Evaluate()
        {
            using NoGradScope scope = device.NoGrad();
            float[] values = function(Array.ConvertAll(leaves, leaf => device.Tensor(leaf.Values, leaf.Shape))).ToArray();
            double sum = 0;
            for (int i = 0; i < values.Length; i++) { sum += (double)values[i] * r[i]; }
            return sum;
        }

        for (int i = 0; i < leaves.Length; i++) { Compare($"input {i}", leaves[i].Values, gradients[i], static _ => { }, Evaluate); }
        for (int i = 0; i < parameters.Count; i++)
        {
            Parameter parameter = parameters[i].Parameter;
            Compare(parameters[i].Name, parameter.ToArray(), parameterGradients[i], values => parameter.Load(values), Evaluate);
        }
    }

    private static void Compare(string name, float[] values, float[] gradient, Action<float[]> changed, Func<double> evaluate)
    {
        Assert.Equal(values.Length, gradient.Length);
        for (int i = 0; i < values.Length; i++)
        {
            float x = values[i];
            double At(float step)
            {
                values[i] = x + step;
                changed(values);
                return evaluate();
            }

            double expected = ((8 * (At(H) - At(-H))) - (At(2 * H) - At(-2 * H))) / (12 * H);
            values[i] = x;
            changed(values);
            double error = Math.Abs(gradient[i] - expected);
            Assert.True(
                error <= Tolerance * (1 + Math.Abs(expected)),
                $"{name}[{i}]: gradient {gradient[i]:g6}, by differences {expected:g6}");
        }
    }
}
