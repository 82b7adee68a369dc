using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    /// <summary>Steps, rows, tags, size of the scores.</summary>
    private static readonly (int Steps, int Batch, int Tags, float Size)[] CrfSizes =
    [
        (1, 1, 1, 1), (5, 3, 1, 1), (4, 3, 2, 1), (7, 5, 4, 3), (6, 4, 17, 1), (5, 2, 65, 2), (3, 2, 130, 1), (40, 6, 5, 2), (0, 2, 3, 1), (3, 0, 3, 1),
        (9, 3, 16, 300), (6, 3, 7, 1e5f), (2, 1, 270, 1),
    ];

    [ContractFact]
    public void Crf_losses_and_gradients_equal_the_reference()
    {
        for (int i = 0; i < CrfSizes.Length; i++)
        {
            (int steps, int batch, int tags, float size) = CrfSizes[i];
            foreach (bool ragged in (bool[])[false, true])
            {
                CheckCrf(new CrfData(steps, batch, tags, size, ragged), tagged: (i + (ragged ? 1 : 0)) % 3 != 0, parameters: i % 4 != 3);
            }
        }
    }

    [ContractFact]
    public void Crf_without_a_step_or_with_a_missing_tag_counts_for_nothing()
    {
        var data = new CrfData(5, 4, 3, 1, ragged: false);
        (data.Lengths, data.Tags[(2 * 4) + 1], data.Tags[(4 * 4) + 2]) = ([5, 5, 4, 0], -1, -1);   // row 1 misses a tag; row 2's stands behind its length
        data.Ragged = true;
        float[] loss = CheckCrf(data, tagged: true, parameters: true);
        Assert.Equal(0f, loss[1]);
        Assert.Equal(0f, loss[3]);
        Assert.True(loss[0] > 0 && loss[2] > 0);
    }

    [ContractFact]
    public void Crf_scores_of_minus_infinity_forbid()
    {
        // Tag 2 follows only 1, and stands neither first nor last.
        var data = new CrfData(6, 3, 3, 1, ragged: true);
        data.Transitions[2] = data.Transitions[8] = data.Start[2] = data.End[2] = float.NegativeInfinity;
        for (int at = 0; at < data.Tags.Length; at++) { data.Tags[at] = (at / 3) % 2; }
        CheckCrf(data, tagged: true, parameters: true);
        CheckCrf(data, tagged: false, parameters: false);
        data.Tags[0] = 2;
        using var tensors = new GuardedTensors(Backend);
        GuardedTensor loss = tensors.Destination("loss", 3);
        Backend.CrfForward(
            data.Scores(tensors), tensors.Source("tags", data.Tags, 6, 3).View, tensors.Destination("alpha", 6, 3, 3).View,
            tensors.Destination("shifts", 6, 3).View, loss.View);
        Assert.Equal(float.PositiveInfinity, loss.Floats()[0]);
        CheckDecode(data, exact: false);
    }

    [ContractFact]
    public void Crf_decodes_the_highest_score()
    {
        foreach ((int steps, int batch, int tags, float size) in CrfSizes)
        {
            var data = new CrfData(steps, batch, tags, size, ragged: tags % 2 == 1);
            CheckDecode(data, exact: false);

            // Whole numbers of one digit: sums are exact, and many ways are equally good.
            data.Round();
            CheckDecode(data, exact: true);
        }
    }

    [ContractFact]
    public void A_tag_beyond_the_tags_is_named()
    {
        var data = new CrfData(5, 4, 3, 1, ragged: false);
        data.Tags[(3 * 4) + 2] = 3;
        data.Tags[(4 * 4) + 0] = 9;
        using var tensors = new GuardedTensors(Backend);
        CrfScores scores = data.Scores(tensors);
        TensorView tags = tensors.Source("tags", data.Tags, 5, 4).View;
        TensorView alpha = tensors.Destination("alpha", 5, 4, 3).View, shifts = tensors.Destination("shifts", 5, 4).View, loss = tensors.Destination("loss", 4).View;
        Assert.Equal("CrfForward: tag 3 in row 14 is not below the 3 tags", RefusalOf(() => Backend.CrfForward(scores, tags, alpha, shifts, loss)));
        tensors.Check("refused tags");
    }

    /// <summary>Runs both directions and compares with the reference.</summary>
    /// <returns>The losses.</returns>
    private float[] CheckCrf(CrfData data, bool tagged, bool parameters)
    {
        (int steps, int batch, int k) = (data.Steps, data.Batch, data.K);
        string context = $"{data}{(tagged ? ", tags" : "")}";
        using var tensors = new GuardedTensors(Backend);
        CrfScores scores = data.Scores(tensors);
        TensorView tags = tagged ? tensors.Source("tags", data.Tags, steps, batch).View : default;
        GuardedTensor alpha = tensors.Destination("alpha", steps, batch, k), shifts = tensors.Destination("shifts", steps, batch);
        GuardedTensor loss = tensors.Destination("loss", batch), dx = tensors.Destination("dx", steps, batch, k);
        GuardedTensor dTransitions = tensors.Updated("dTransitions", data.Old, k, k);
        GuardedTensor dStart = tensors.Updated("dStart", data.Old.AsSpan(0, k), k), dEnd = tensors.Updated("dEnd", data.Old.AsSpan(0, k), k);
        Backend.CrfForward(scores, tags, alpha.View, shifts.View, loss.View);
        long bytes = Backend.CrfBackwardWorkspaceBytes(steps, batch, k);
        Backend.CrfBackward(
            scores, tags, alpha.View, shifts.View, tensors.Source("dLoss", data.DLoss, batch).View, tensors.Scratch("workspace", bytes).View,
            dx.View, parameters ? dTransitions.View : default, parameters ? dStart.View : default, parameters ? dEnd.View : default);
        float[] losses = loss.Floats(), actualDx = dx.Floats();
        double[] expectedDx = new double[steps * batch * k], sumTransitions = TestData.Widen(data.Old);
        double[] sumStart = sumTransitions[..k], sumEnd = sumTransitions[..k];
        double most = 0;
        for (int b = 0; b < batch; b++)
        {
            CrfReference row = data.Row(b);
            int n = row.Steps;
            int[] gold = data.TagsOf(b, n);
            bool counts = !tagged || !gold.Contains(-1);
            double expected = !counts || n == 0 ? 0 : row.LogZ - (tagged ? row.Score(gold) : 0);
            Compare.Near($"loss of {context}, row {b}", [expected], losses.AsSpan(b, 1), data.LossTolerance(expected));
            double g = counts ? data.DLoss[b] : 0;
            most = Math.Max(most, Math.Abs(g));
            for (int t = 0; counts && t < n; t++)
            {
                for (int j = 0; j < k; j++)
                {
                    double slope = g * (row.Marginal(t, j) - (tagged && gold[t] == j ? 1 : 0));
                    expectedDx[(((t * batch) + b) * k) + j] = slope;
                    if (t == 0) { sumStart[j] += slope; }
                    if (t == n - 1) { sumEnd[j] += slope; }
                    for (int i = 0; t > 0 && i < k; i++)
                    {
                        sumTransitions[(i * k) + j] += g * (row.Pair(t, i, j) - (tagged && gold[t - 1] == i && gold[t] == j ? 1 : 0));
                    }
                }
            }
        }

        double tolerance = most * data.MarginalTolerance;
        Compare.Near($"dx of {context}", expectedDx, actualDx, tolerance);
        if (parameters)
        {
            double each = batch * (tolerance + Tolerances.Chain(batch + 1, 1 + most));
            Compare.Near($"dTransitions of {context}", sumTransitions, dTransitions.Floats(), Math.Max(1, steps) * each);
            Compare.Near($"dStart of {context}", sumStart, dStart.Floats(), Math.Max(tolerance, each));
            Compare.Near($"dEnd of {context}", sumEnd, dEnd.Floats(), Math.Max(tolerance, each));
        }
        else
        {
            Compare.Bits($"dTransitions of {context}, not asked for", data.Old, dTransitions.Floats());
        }

        tensors.Check(context);
        return losses;
    }

    private void CheckDecode(CrfData data, bool exact)
    {
        (int steps, int batch, int k) = (data.Steps, data.Batch, data.K);
        string context = $"decoding of {data}{(exact ? ", whole numbers" : "")}";
        using var tensors = new GuardedTensors(Backend);
        GuardedTensor tags = tensors.IntDestination("tags", steps, batch), best = tensors.Destination("best", batch);
        Backend.CrfDecode(data.Scores(tensors), tensors.Scratch("workspace", Backend.CrfDecodeWorkspaceBytes(steps, batch, k)).View, tags.View, best.View);
        int[] actual = tags.Ints();
        float[] scores = best.Floats();
        for (int b = 0; b < batch; b++)
        {
            CrfReference row = data.Row(b);
            int[] found = [.. Enumerable.Range(0, steps).Select(t => actual[(t * batch) + b])], expected = row.Decode();
            Assert.All(found[row.Steps..], static tag => Assert.Equal(-1, tag));
            Assert.All(found[..row.Steps], tag => Assert.InRange(tag, 0, k - 1));
            double score = row.Score(expected);
            if (exact) { Compare.Same($"{context}, row {b}", expected, found.AsSpan(0, row.Steps)); }
            Compare.Near($"{context}, score of row {b}", [score], scores.AsSpan(b, 1), exact ? 0 : data.ScoreTolerance(score));
            Assert.True(score - row.Score(found) <= 2 * data.ScoreTolerance(score), $"{context}: row {b} has a better way than {string.Join(' ', found)}");
        }

        tensors.Check(context);
    }
}

/// <summary>A batch for a conditional random field.</summary>
public sealed class CrfData
{
    private readonly float _size;

    public CrfData(int steps, int batch, int tags, float size, bool ragged)
    {
        (Steps, Batch, K, _size, Ragged) = (steps, batch, tags, size, ragged);
        var data = new TestData((ulong)((steps * 1000) + (batch * 100) + tags));
        X = data.Uniform((long)steps * batch * tags, -size, size);
        Transitions = data.Uniform((long)tags * tags, -size, 1.5f * size);
        Start = data.Uniform(tags, -size, size);
        End = data.Uniform(tags, -size, size);
        Old = data.Uniform((long)tags * tags);
        DLoss = data.Uniform(batch, 0.3f, 2);
        Tags = data.Integers((long)steps * batch, 0, tags);
        Lengths = data.Lengths(batch, steps);
        if (batch > 1) { Lengths[1] = Math.Min(1, steps); }
    }

    public int Steps { get; }

    public int Batch { get; }

    public int K { get; }

    public bool Ragged { get; set; }

    public float[] X { get; }

    public float[] Transitions { get; }

    public float[] Start { get; }

    public float[] End { get; }

    public float[] Old { get; }

    public float[] DLoss { get; }

    public int[] Tags { get; }

    public int[] Lengths { get; set; }

    /// <summary>
    /// A step errs in the log of a forward score by the roundings of a few sums of shifted scores, each at most 8 sizes (differences of emissions,
    /// transitions and ends), of the chain of K exponentials, and of exp and log themselves; log-sum-exp passes earlier errors on with slope at most 1.
    /// </summary>
    private double StepError => Tolerances.Chain(6, 8 * _size) + Tolerances.Chain(K + (4 * Tolerances.ElementaryUlps), 1 + Math.Log(K));

    /// <summary>Forward scores, backward scores and the normaliser, each with the errors of all steps, in the exponent of a probability of at most 1.</summary>
    public double MarginalTolerance => 3 * (Steps + 1) * StepError * Math.Exp(Math.Min(1, 3 * (Steps + 1) * StepError));

    /// <summary>Steps' errors, and a chain of as many differences as steps, each of a few sizes.</summary>
    public double LossTolerance(double loss) => double.IsInfinity(loss) ? 0 : (Steps + 1) * (StepError + Tolerances.Chain(1, Math.Abs(loss) + (8 * _size)));

    /// <summary>Sums of T steps of a few sizes each.</summary>
    public double ScoreTolerance(double score) => Tolerances.Chain(4 * (Steps + 1), Math.Abs(score) + (8 * _size));

    public CrfScores Scores(GuardedTensors tensors) => new()
    {
        Emissions = tensors.Source("x", X, Steps, Batch, K).View,
        Transitions = tensors.Source("transitions", Transitions, K, K).View,
        Start = tensors.Source("start", Start, K).View,
        End = tensors.Source("end", End, K).View,
        Lengths = Ragged ? tensors.Source("lengths", Lengths, Batch).View : default,
    };

    public CrfReference Row(int b) => new(
        [.. Enumerable.Range(0, Ragged ? Lengths[b] : Steps).Select(t => TestData.Widen(X.AsSpan(((t * Batch) + b) * K, K)))],
        TestData.Widen(Transitions), TestData.Widen(Start), TestData.Widen(End));

    public int[] TagsOf(int b, int n) => [.. Enumerable.Range(0, n).Select(t => Tags[(t * Batch) + b])];

    /// <summary>Makes all scores whole numbers of one digit.</summary>
    public void Round()
    {
        foreach (float[] values in (float[][])[X, Transitions, Start, End])
        {
            for (int i = 0; i < values.Length; i++) { values[i] = MathF.Round(3 * values[i] / _size); }
        }
    }

    public override string ToString() => $"{Steps} x {Batch} x {K}, scores to {_size}{(Ragged ? ", ragged" : "")}";
}
