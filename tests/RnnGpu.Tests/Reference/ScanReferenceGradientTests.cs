using RnnGpu.Core;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The proof of the scans' equations: the float64 reference's gradients against central differences of its own forward pass, number by number.</summary>
public sealed class ScanReferenceGradientTests
{
    [Theory]
    [InlineData(ScanCellKind.Diagonal)]
    [InlineData(ScanCellKind.MinGru)]
    [InlineData(ScanCellKind.MinLstm)]
    [InlineData(ScanCellKind.Sru)]
    [InlineData(ScanCellKind.Qrnn)]
    public void Gradients_equal_finite_differences(ScanCellKind cell)
    {
        foreach (ScanCase x in ScanCase.Options(cell, 4, 3, 2))
        {
            var reference = new ScanReference(x);
            ScanGradients gradients = reference.Backward(reference.Forward(), withDy: true);
            Check(x, "gates", reference, reference.Gates, gradients.Gates);
            Check(x, "highway", reference, reference.Highway, gradients.Highway);
            Check(x, "initial", reference, reference.Initial, gradients.Initial);

            // A weight is shared by the rows.
            double[] peepholes = new double[reference.Peepholes.Length];
            for (int i = 0; i < gradients.Peepholes.Length; i++) { peepholes[i % peepholes.Length] += gradients.Peepholes[i]; }
            Check(x, "peepholes", reference, reference.Peepholes, peepholes);
        }
    }

    private static void Check(ScanCase x, string name, ScanReference reference, double[] values, double[] gradient)
    {
        for (int i = 0; i < values.Length; i++)
        {
            double value = values[i];
            double At(double step)
            {
                values[i] = value + step;
                return Loss(x, reference);
            }

            double expected = (At(Tolerances.DifferenceStep) - At(-Tolerances.DifferenceStep)) / (2 * Tolerances.DifferenceStep);
            values[i] = value;
            double error = Math.Abs(expected - gradient[i]);
            Assert.True(error <= Tolerances.FiniteDifference * Math.Max(1, Math.Abs(expected)), $"{x}: {name}[{i}]: gradient {gradient[i]:G9}, by differences {expected:G9}");
        }
    }

    private static double Loss(ScanCase x, ScanReference reference)
    {
        ScanTrace trace = reference.Forward();
        double sum = 0;
        for (int i = 0; i < trace.Last.Length; i++) { sum += trace.Last[i] * reference.DLast[i]; }
        for (int i = 0; i < trace.Y.Length; i++)
        {
            int row = i / x.Hidden % x.Batch, t = i / x.Hidden / x.Batch;
            if (x.IsActive(t, row)) { sum += trace.Y[i] * reference.Dy[i]; }
        }

        return sum;
    }
}
