using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>
/// The proof of the equations: the float64 reference's analytical gradients against finite differences of its own forward
/// pass. Backends are then held to the reference.
/// </summary>
public sealed class ReferenceGradientTests
{
    public static TheoryData<CellKind, int, bool> Networks()
    {
        var data = new TheoryData<CellKind, int, bool>();
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            for (int layers = 1; layers <= 3; layers++)
            {
                data.Add(cell, layers, false);
                data.Add(cell, layers, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Gradients_equal_finite_differences(CellKind cell, int layers, bool bidirectional)
    {
        int cases = 0;
        foreach (StackCase c in StackCase.Matrix())
        {
            if (c.Cell != cell || c.Layers != layers || c.Bidirectional != bidirectional) { continue; }
            Check(c);
            cases++;
        }

        Assert.Equal(8, cases);
        Check(new StackCase(cell, layers, bidirectional, Lengths: true, States: true, Resets: true, Dropout: 0.3f));
    }

    private static void Check(StackCase c)
    {
        (StackReference stack, StackInput input, double[] lossY, double[] lossH, double[] lossC) = c.Make();
        StackGradients gradients = stack.Backward(input, stack.Forward(input), lossY, lossH, lossC);
        double Loss()
        {
            StackOutput output = stack.Forward(input);
            return Dot(output.Y, lossY) + Dot(output.LastH, lossH) + Dot(output.LastC, lossC);
        }

        var random = new TestData(99);
        CheckAlongDirections("x", input.X, gradients.X, Loss, random, c);
        if (input.H0 is not null) { CheckAlongDirections("h0", input.H0, gradients.H0, Loss, random, c); }
        if (input.C0 is not null) { CheckAlongDirections("c0", input.C0, gradients.C0, Loss, random, c); }
        for (int i = 0; i < stack.Parameters.Length; i++)
        {
            for (int p = 0; p < 4; p++)
            {
                (string kind, double[] values) = stack.Parameters[i].All[p];
                CheckAlongDirections($"{kind} {i}", values, gradients.Parameters[i].All[p].Values, Loss, random, c);
            }
        }
    }

    /// <summary>Two random directions in a tensor: a wrong entry stays hidden only where both directions are 0 along it.</summary>
    private static void CheckAlongDirections(string name, double[] values, double[] gradient, Func<double> loss, TestData random, StackCase c)
    {
        var start = (double[])values.Clone();
        for (int repeat = 0; repeat < 2; repeat++)
        {
            double[] direction = TestData.Widen(random.Uniform(values.Length));
            double high = At(Tolerances.DifferenceStep), low = At(-Tolerances.DifferenceStep);
            start.CopyTo(values, 0);
            double expected = (high - low) / (2 * Tolerances.DifferenceStep), actual = Dot(gradient, direction);
            double tolerance = Tolerances.FiniteDifference * Math.Max(1, Math.Abs(expected));
            Assert.True(
                Math.Abs(expected - actual) <= tolerance,
                $"{c}: derivative along {name} is {expected:G9} by differences, {actual:G9} by the gradient");

            double At(double step)
            {
                for (int i = 0; i < values.Length; i++) { values[i] = start[i] + (step * direction[i]); }
                return loss();
            }
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) { sum += a[i] * b[i]; }
        return sum;
    }
}
