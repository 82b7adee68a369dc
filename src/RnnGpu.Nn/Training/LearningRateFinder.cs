using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>A learning rate and the smoothed training loss that it led to.</summary>
public readonly record struct LearningRatePoint(double Rate, double Loss);

/// <summary>What <see cref="LearningRateFinder"/> measured.</summary>
/// <param name="Points">One an update, rates ascending; the last is where the loss left the range, or the highest rate.</param>
/// <param name="Suggested">The rate at which the loss falls most steeply over the logarithm of the rate.</param>
public sealed record LearningRateCurve(IReadOnlyList<LearningRatePoint> Points, double Suggested)
{
    /// <summary>The curve as text: one row a step of the rate, a bar for the loss.</summary>
    /// <param name="rows">At most so many.</param>
    /// <param name="width">Of the longest bar.</param>
    public string Chart(int rows = 20, int width = 50)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var text = new StringBuilder("learning rate      loss\n");
        double low = Points.Min(static p => p.Loss), high = Points.Max(static p => p.Loss);
        int count = Math.Min(rows, Points.Count);
        for (int i = 0; i < count; i++)
        {
            LearningRatePoint point = Points[count == 1 ? 0 : i * (Points.Count - 1) / (count - 1)];
            int bar = high > low ? (int)Math.Round((point.Loss - low) / (high - low) * width) : 0;
            text.Append(CultureInfo.InvariantCulture, $"{point.Rate,13:0.00E+00}{point.Loss,10:F4} {new string('#', bar)}\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"steepest at {Suggested:0.00E+00}\n").ToString();
    }
}

/// <summary>
/// The learning-rate range test (Smith 2017): some updates with a rate that grows exponentially, and the loss over the rate. A good rate
/// lies where the loss falls fastest, before it turns up. Model, optimiser, data, carried state and generator are afterwards as they were.
/// </summary>
public static class LearningRateFinder
{
    private const double Smoothing = 0.95;

    /// <summary>Runs the test. It ends early when the smoothed loss exceeds four times its lowest value, or is no number.</summary>
    /// <param name="trainable">Model and loss.</param>
    /// <param name="optimizer">Of the model's parameters.</param>
    /// <param name="source">Batches.</param>
    /// <param name="batch">The arrays that the source fills.</param>
    /// <param name="lowest">First rate.</param>
    /// <param name="highest">Last rate.</param>
    /// <param name="updates">At least 10.</param>
    /// <param name="clipping">Limits of the gradients, as the run will have them.</param>
    public static LearningRateCurve Find<TBatch>(
        ITrainable<TBatch> trainable, Optimizer optimizer, IBatchSource<TBatch> source, TBatch batch,
        double lowest = 1e-6, double highest = 10, int updates = 100, GradientClipping clipping = default)
    {
        ArgumentNullException.ThrowIfNull(trainable);
        ArgumentNullException.ThrowIfNull(optimizer);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lowest);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(highest, lowest);
        ArgumentOutOfRangeException.ThrowIfLessThan(updates, 10);
        Module model = trainable.Model;
        Device device = model.Device;
        List<NamedTensor> kept = [.. ModelFile.State(model), .. optimizer.State(), .. trainable.CarriedState];
        float[][] values = [.. kept.Select(static entry => entry.Tensor.ToArray())];
        (ulong step, float rate, long done, bool training) = (device.Step, optimizer.LearningRate, optimizer.Updates, model.Training);
        var cursor = new JsonObject();
        source.Save(cursor);
        var points = new List<LearningRatePoint>(updates);
        try
        {
            model.Train();
            trainable.ResetState();
            Measure();
        }
        finally
        {
            device.ReleaseStep();
            model.ZeroGrad();
            for (int i = 0; i < kept.Count; i++) { device.Upload<float>(values[i], kept[i].Tensor); }
            using JsonDocument saved = JsonDocument.Parse(cursor.ToJsonString());
            source.Restore(new CheckpointSection(saved.RootElement, "data cursor"));
            optimizer.SetProgress(done);
            optimizer.LearningRate = rate;
            device.Step = step;
            if (!training) { model.Eval(); }
        }

        return new LearningRateCurve(points, Steepest(points));

        void Measure()
        {
            double mean = 0, best = double.PositiveInfinity, factor = Math.Pow(highest / lowest, 1.0 / (updates - 1));
            for (int i = 0; i < updates; i++)
            {
                double present = lowest * Math.Pow(factor, i);
                optimizer.LearningRate = (float)present;
                model.ZeroGrad();
                source.Next(batch);
                Tensor loss = trainable.Loss(batch);
                double value = loss.Item();
                loss.Backward();
                trainable.CarryOver();
                optimizer.Step(clipping);
                if (source.EpochEnded) { trainable.ResetState(); }
                mean = (Smoothing * mean) + ((1 - Smoothing) * value);
                double smooth = mean / (1 - Math.Pow(Smoothing, i + 1));
                if (!double.IsFinite(smooth)) { return; }
                points.Add(new LearningRatePoint(present, smooth));
                best = Math.Min(best, smooth);
                if (i >= 10 && smooth > 4 * Math.Abs(best)) { return; }
            }
        }
    }

    /// <summary>The steepest descent of the loss over equal steps of the logarithm of the rate, over five points at a time.</summary>
    private static double Steepest(List<LearningRatePoint> points)
    {
        const int Reach = 2;
        double steepest = double.PositiveInfinity, rate = points.Count > 0 ? points[0].Rate : double.NaN;
        for (int i = Reach; i < points.Count - Reach; i++)
        {
            double slope = points[i + Reach].Loss - points[i - Reach].Loss;
            if (slope < steepest) { (steepest, rate) = (slope, points[i].Rate); }
        }

        return rate;
    }
}
