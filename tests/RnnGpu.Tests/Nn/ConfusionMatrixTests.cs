using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class ConfusionMatrixTests : NnTestBase
{
    /// <summary>Counts: [3 1 0 0], [0 1 1 0], [1 1 2 0], nothing; precision 3/4 1/3 2/3, recall 3/4 1/2 2/4, F1 6/8 2/5 4/7.</summary>
    [Fact]
    public void Figures_are_those_of_the_definitions()
    {
        int[] targets = [0, 0, 0, 0, 1, 1, 2, 2, 2, 2], predictions = [0, 0, 0, 1, 1, 2, 2, 2, 0, 1];
        var matrix = new ConfusionMatrix(4);
        for (int i = 0; i < targets.Length; i++) { matrix.Add(targets[i], predictions[i]); }
        Assert.Equal(10, matrix.Total);
        Assert.Equal(0.6, matrix.Accuracy, 12);
        Assert.Equal([0.75, 1 / 3.0, 2 / 3.0, 0], Enumerable.Range(0, 4).Select(matrix.Precision));
        Assert.Equal([0.75, 0.5, 0.5, 0], Enumerable.Range(0, 4).Select(matrix.Recall));
        Assert.Equal([0.75, 0.4, 4 / 7.0, 0], Enumerable.Range(0, 4).Select(matrix.F1));

        // the class that occurs nowhere is left out
        Assert.Equal((0.75 + 0.4 + (4 / 7.0)) / 3, matrix.MacroF1, 12);
        Assert.Equal((0.75 + 0.5 + 0.5) / 3, matrix.MacroRecall, 12);
        Assert.Equal(3, matrix[0, 0]);
        Assert.Equal(1, matrix[2, 0]);
        Assert.Equal(4, matrix.Targets(2));
        Assert.Equal(3, matrix.Predictions(1));
    }

    [Fact]
    public void A_class_that_is_only_predicted_counts_against_macro_f1_but_not_recall()
    {
        var matrix = new ConfusionMatrix(3);
        matrix.Add(0, 0);
        matrix.Add(0, 2);
        Assert.Equal((2 / 3.0) / 2, matrix.MacroF1, 12);
        Assert.Equal(0.5, matrix.MacroRecall, 12);
    }

    [Fact]
    public void Matrices_add_up_and_empty_ones_have_no_figures()
    {
        ConfusionMatrix a = new(2), b = new(2);
        Assert.True(double.IsNaN(a.Accuracy));
        Assert.True(double.IsNaN(a.MacroF1));
        a.Add(0, 1);
        b.Add(1, 1);
        a.Add(b);
        Assert.Equal(2, a.Total);
        Assert.Equal(0.5, a.Accuracy);
        a.Clear();
        Assert.Equal(0, a.Total);
        Assert.Throws<ArgumentException>(() => a.Add(new ConfusionMatrix(3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Add(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => a.Add(0, -1));
    }

    [Fact]
    public void The_metric_reads_batches_and_leaves_out_masked_rows()
    {
        var metric = new MacroF1(3);
        Tensor scores = Device.Tensor([1f, 0f, 0f, 0f, 1f, 0f, 0f, 1f, 0f, 0f, 0f, 1f], new Shape(2, 2, 3));
        metric.Update(scores, Device.Tensor([0, 1, 0, -1], new Shape(2, 2)));
        metric.Update(scores.Slice(0, 1, 1), Device.Tensor([1, 2], new Shape(1, 2)));
        Assert.Equal(5, metric.Matrix.Total);
        Assert.Equal(((2 / 3.0) + 0.8 + 1) / 3, metric.Value, 12);
        metric.Reset();
        Assert.True(double.IsNaN(metric.Value));
    }
}
