using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractTheory]
    [InlineData(ElementLoss.SquaredError)]
    [InlineData(ElementLoss.AbsoluteError)]
    [InlineData(ElementLoss.BinaryCrossEntropy)]
    public void Element_losses_equal_the_reference(ElementLoss kind)
    {
        const float Scale = -0.6f;
        for (int turn = 0; turn < Lengths.Length; turn++)
        {
            int length = Lengths[turn];
            bool weighted = turn % 2 == 0, gradient = turn % 4 != 3, inPlace = turn % 3 == 0 && gradient;
            var data = new TestData((ulong)length);
            float[] x = data.Uniform(length, -8, 8), t = data.Uniform(length, 0, 1), w = data.Uniform(length, 0, 2);
            if (length > 5) { (x[1], x[2], x[3], t[3]) = (60, -60, 0.5f, 0.5f); }
            string context = $"{kind} of {length}{(weighted ? ", weights" : "")}{(inPlace ? ", in place" : "")}";
            using var tensors = new GuardedTensors(Backend);
            GuardedTensor source = inPlace ? tensors.Updated("x = dx", x, length) : tensors.Source("x", x, length);
            GuardedTensor loss = tensors.Destination("loss", length), dx = inPlace ? source : tensors.Destination("dx", length);
            Backend.ElementwiseLoss(
                kind, source.View, tensors.Source("targets", t, length).View, weighted ? tensors.Source("weights", w, length).View : default,
                tensors.Source("scale", [Scale], 1).View, loss.View, gradient ? dx.View : default);
            double[] expected = new double[length], tolerances = new double[length], slopes = new double[length], slopeTolerances = new double[length];
            for (int i = 0; i < length; i++)
            {
                double weight = weighted ? w[i] : 1, factor = Math.Abs(Scale) * weight;
                expected[i] = weight * LossReference.Loss(kind, x[i], t[i]);
                slopes[i] = Scale * weight * LossReference.Slope(kind, x[i], t[i]);
                bool logistic = kind == ElementLoss.BinaryCrossEntropy;
                double terms = Math.Abs(x[i]) + Math.Abs(x[i] * t[i]) + 1;
                tolerances[i] = logistic ? Tolerances.Chain(4 + (4 * Tolerances.ElementaryUlps), weight * terms) : Tolerances.Chain(4, expected[i]);
                slopeTolerances[i] = logistic
                    ? Tolerances.Chain(4 + (2 * Tolerances.ElementaryUlps), factor * (1 + t[i]))
                    : Tolerances.Chain(4, Math.Abs(slopes[i]));
            }

            Compare.Near(context, expected, loss.Floats(), tolerances);
            if (gradient) { Compare.Near($"gradient of {context}", slopes, dx.Floats(), slopeTolerances); }
            tensors.Check(context);
        }
    }
}
