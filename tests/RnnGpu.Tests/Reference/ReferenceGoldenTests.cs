using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The float64 reference against PyTorch's own results: that its semantics are those that users know.</summary>
public sealed class ReferenceGoldenTests
{
    /// <summary>Both compute in float64; the file has 9 digits, so half a unit in the ninth, and rounding far below that.</summary>
    private const double Tolerance = 5e-9 * 1.01;

    [Fact]
    public void Outputs_and_gradients_equal_those_of_pytorch()
    {
        foreach (GoldenCase golden in GoldenFile.Cases)
        {
            (StackReference stack, StackInput input, double[] lossY, double[] lossH, double[] lossC) = golden.Make();
            StackOutput output = stack.Forward(input);
            StackGradients gradients = stack.Backward(input, output, lossY, lossH, lossC);
            Check(golden, "y", golden["y"], output.Y);
            Check(golden, "h", golden["h"], output.LastH);
            Check(golden, "dx", golden["dx"], gradients.X);
            if (golden.HasStates) { Check(golden, "dh0", golden["dh0"], gradients.H0); }
            if (Layouts.HasCellState(golden.Cell)) { Check(golden, "c", golden["c"], output.LastC); }
            if (Layouts.HasCellState(golden.Cell) && golden.HasStates) { Check(golden, "dc0", golden["dc0"], gradients.C0); }
            for (int i = 0; i < gradients.Parameters.Length; i++)
            {
                foreach ((string kind, double[] values) in gradients.Parameters[i].All)
                {
                    string name = Layouts.ParameterName(kind, i / stack.Directions, i % stack.Directions == 1);
                    Check(golden, name, golden.ParameterGradient(name), values);
                }
            }
        }

        Assert.Equal(60, GoldenFile.Cases.Count);
    }

    private static void Check(GoldenCase golden, string name, double[]? expected, double[] actual)
    {
        Assert.NotNull(expected);
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= Tolerance * Math.Max(1e-3, Math.Abs(expected[i])),
                $"{golden}: {name}[{i}] is {actual[i]:G12}, PyTorch gives {expected[i]:G9}");
        }
    }
}
