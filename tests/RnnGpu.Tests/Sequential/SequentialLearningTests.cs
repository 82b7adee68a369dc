using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.SequentialModels;

/// <summary>Small tasks that are learned to a stated accuracy with a fixed seed.</summary>
public sealed class SequentialLearningTests : NnTestBase
{
    [Fact]
    public void XorIsLearnedByADenseNetwork()
    {
        using var model = new Sequential(Device, new Dense(Device, 2, 8, Activation.Tanh), new Dense(Device, 8, 1));
        model.Compile(new Adam(model, 0.05f), new BinaryCrossEntropy(), new BinaryAccuracy());
        float[,] x = { { 0, 0 }, { 0, 1 }, { 1, 0 }, { 1, 1 } };
        float[] y = [0, 1, 1, 0];
        FitHistory history = model.Fit(x, y, batchSize: 4, epochs: 150);
        Assert.Equal(150, history.Epochs.Count);
        Evaluation evaluation = model.Evaluate(x, y);
        Assert.Equal(1.0, evaluation.Metrics[0]);
        Assert.True(evaluation.Loss < 0.05, $"loss {evaluation.Loss}");
        float[] logits = model.Predict(x).Floats;
        Assert.True(logits[0] < 0 && logits[1] > 0 && logits[2] > 0 && logits[3] < 0);
    }

    [Fact]
    public void ParityOfASequenceIsLearnedByAnLstm()
    {
        // All 64 sequences of 6 bits, and at each step whether the number of ones so far is odd.
        var x = new float[64, 6, 1];
        var y = new int[64, 6];
        for (int n = 0; n < 64; n++)
        {
            int parity = 0;
            for (int t = 0; t < 6; t++)
            {
                int bit = (n >> t) & 1;
                parity ^= bit;
                x[n, t, 0] = (2 * bit) - 1;
                y[n, t] = parity;
            }
        }

        using var model = new Sequential(Device, new Lstm(Device, 1, 16), new Dense(Device, 16, 2));
        model.Compile(new AdamW(model, 0.03f, weightDecay: 0f), new SoftmaxCrossEntropy(), new Accuracy(), new Perplexity());
        FitHistory history = model.Fit(x, y, batchSize: 16, epochs: 150, options: new TrainerOptions { Clipping = GradientClipping.Norm(1f) });
        Evaluation evaluation = model.Evaluate(x, y);
        Assert.Equal(1.0, evaluation.Metrics[0]);
        Assert.Equal(Math.Exp(evaluation.Loss), evaluation.Metrics[1], 1e-5);
        Assert.True(history["perplexity"][^1] < 1.05 && history["perplexity"][0] > 1.9);
    }

    [Fact]
    public void ASineIsForecastByAGruFromItsLastState()
    {
        const int Samples = 96, Steps = 12;
        var x = new float[Samples, Steps, 1];
        var y = new float[Samples];
        for (int n = 0; n < Samples; n++)
        {
            for (int t = 0; t < Steps; t++) { x[n, t, 0] = (float)Math.Sin(0.31 * ((n * 1.7) + t)); }
            y[n] = (float)Math.Sin(0.31 * ((n * 1.7) + Steps));
        }

        using var model = new Sequential(Device, new Gru(Device, 1, 12, returnSequences: false), new Dense(Device, 12, 1));
        model.Compile(new Adam(model, 0.02f), new Mse(), new MeanAbsoluteError(), new MeanSquaredError());
        FitHistory history = model.Fit(x, y, batchSize: 20, epochs: 60, validationSplit: 0.25);
        Assert.Equal(60, history["val_loss"].Length);
        Assert.True(history["val_mae"][^1] < 0.05, $"validation MAE {history["val_mae"][^1]}");
        Assert.Equal(history["val_loss"], history["val_mse"], new NearlyEqual());
    }

    private sealed class NearlyEqual : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-5;

        public int GetHashCode(double obj) => 0;
    }
}
