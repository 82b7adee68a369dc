using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class CrfTests : NnTestBase
{
    public static TheoryData<string> Backends => BackendDevices.Names;

    private static readonly string[] Bio = ["O", "B-x", "I-x", "B-y", "I-y"];

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 1)]
    [InlineData(4, 3)]
    [InlineData(5, 4)]
    public void EverythingEqualsTheEnumerationOfAllTagSequences(int steps, int tags)
    {
        using var crf = new Crf(Device, tags);
        float[] a = GradientCheck.Values(crf.Transitions.Shape, 1), s = GradientCheck.Values(crf.Start.Shape, 2), e = GradientCheck.Values(crf.End.Shape, 3);
        crf.Transitions.Load(a);
        crf.Start.Load(s);
        crf.End.Load(e);
        (Shape shape, float[] x) = ScaledLeaf(4, 2f, steps, 1, tags);
        int[] gold = [.. Enumerable.Range(0, steps).Select(t => t * 2 % tags)];

        double z = 0, best = double.NegativeInfinity;
        var marginals = new double[steps * tags];
        int[] bestTags = [];
        foreach (int[] y in Sequences(steps, tags))
        {
            double score = Score(x, a, s, e, y), weight = Math.Exp(score);
            z += weight;
            for (int t = 0; t < steps; t++) { marginals[(t * tags) + y[t]] += weight; }
            if (score > best) { (best, bestTags) = (score, y); }
        }

        Tensor emissions = Device.Tensor(x, shape);
        Assert.Equal(Math.Log(z), crf.LogPartition(emissions).Item(), 1e-5);
        Assert.Equal(Math.Log(z) - Score(x, a, s, e, gold), crf.Loss(emissions, Device.Tensor(gold, new Shape(steps, 1))).Item(), 1e-5);
        float[] found = crf.Marginals(emissions).ToArray();
        for (int i = 0; i < found.Length; i++) { Assert.Equal(marginals[i] / z, found[i], 1e-5); }
        CrfPath path = crf.Decode(emissions);
        Assert.Equal(bestTags, path.Tags.ToIntArray());
        Assert.Equal(best, path.Scores.Item(), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void GradientsEqualFiniteDifferences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        int[] tags = [1, 0, 3, 2, 0, 4, 2, 0, 0, 0, 0, 1], lengths = [4, 0, 2];
        foreach ((Reduction reduction, bool constrained) in new[] { (Reduction.Mean, false), (Reduction.Sum, true) })
        {
            using var crf = new Crf(device, 5, constrained ? TagConstraints.Of(new SpanTags(Bio)) : null, constrainTraining: true);
            GradientCheck.Run(
                device, crf,
                leaves => crf.Loss(leaves[0], device.Tensor(tags, new Shape(4, 3)), device.Tensor(lengths, new Shape(3)), reduction) * 3f,
                ScaledLeaf(1, 1.5f, 4, 3, 5));
        }
    }

    [Fact]
    public void LossesOfRowsHaveGradientsOfTheirOwn()
    {
        using var crf = new Crf(Device, 3);
        int[] tags = [0, 1, 2, 2, 1, 0];
        GradientCheck.Run(Device, crf, leaves => crf.Losses(leaves[0], Device.Tensor(tags, new Shape(3, 2))), Leaf(1, 3, 2, 3));
        GradientCheck.Run(Device, crf, leaves => crf.LogPartition(leaves[0]), Leaf(1, 3, 2, 3));
    }

    [Fact]
    public void EmissionsThatOthersUseTooGetTheSumOfGradients()
    {
        using var crf = new Crf(Device, 3);
        int[] tags = [0, 1, 2, 2, 1, 0];
        GradientCheck.Run(Device, leaves => crf.Loss(leaves[0], Device.Tensor(tags, new Shape(3, 2))) + leaves[0].Square().Sum(), Leaf(1, 3, 2, 3));
    }

    [Fact]
    public void DecodedTagsKeepToTheScheme()
    {
        var names = new SpanTags(Bio);
        using var crf = new Crf(Device, 5, TagConstraints.Of(names));
        int[] lengths = [30, 1, 17, 0];
        Tensor emissions = Device.Tensor(GradientCheck.Values(new Shape(30, 4, 5), 3, 20f), new Shape(30, 4, 5));
        int[] tags = crf.Decode(emissions, Device.Tensor(lengths, new Shape(4))).Tags.ToIntArray();
        for (int b = 0; b < 4; b++)
        {
            int before = -1;
            for (int t = 0; t < 30; t++)
            {
                int tag = tags[(t * 4) + b];
                Assert.Equal(t >= lengths[b], tag < 0);
                if (tag < 0) { continue; }
                bool goesOn = names.Part(tag) == SpanPart.Inside;
                Assert.False(goesOn && names.Type(before) != names.Type(tag), $"row {b}, step {t}: {tag} behind {before}");
                before = tag;
            }
        }

        // Without constraints the same emissions break it.
        using var free = new Crf(Device, 5);
        Assert.NotEqual(tags, free.Decode(emissions, Device.Tensor(lengths, new Shape(4))).Tags.ToIntArray());
    }

    [Fact]
    public void ConstrainedTrainingGivesForbiddenTagsNoProbability()
    {
        using var crf = new Crf(Device, 5, TagConstraints.Of(new SpanTags(Bio)), constrainTraining: true);
        float[] marginals = crf.Marginals(Device.Tensor(GradientCheck.Values(new Shape(6, 2, 5), 3), new Shape(6, 2, 5))).ToArray();
        for (int row = 0; row < 12; row++) { Assert.Equal(1.0, Enumerable.Range(0, 5).Sum(k => (double)marginals[(row * 5) + k]), 1e-5); }
        Assert.All(new[] { 2, 4, 7, 9 }, i => Assert.Equal(0f, marginals[i]));
    }

    [Theory]
    [InlineData("B M E S", "S,S B,M,E B,E,S", "M B,B B,S E S,M B,M")]
    [InlineData("O B-x M-x E-x S-x B-y E-y", "O S-x,O B-x,M-x,E-x,S-x B-x,E-x,B-y,E-y", "B-x,O B-x,E-y M-x B-x B-x,M-x O,E-x B-x,S-x")]
    [InlineData("O B-x I-x I-y", "O B-x B-x,I-x,I-x B-x,B-x B-x,O", "I-x O,I-x B-x,I-y I-y")]
    public void SchemesAllowWhatTheySay(string tags, string allowed, string forbidden)
    {
        string[] names = tags.Split(' ');
        TagConstraints constraints = TagConstraints.Of(new SpanTags(names));
        double Score(string sequence)
        {
            int[] ids = [.. sequence.Split(',').Select(name => Array.IndexOf(names, name))];
            Assert.DoesNotContain(-1, ids);
            double score = constraints.Start[ids[0]] + constraints.End[ids[^1]];
            for (int t = 1; t < ids.Length; t++) { score += constraints.Transitions[(ids[t - 1] * names.Length) + ids[t]]; }
            return score;
        }

        Assert.All(allowed.Split(' '), sequence => Assert.Equal(0.0, Score(sequence)));
        Assert.All(forbidden.Split(' '), sequence => Assert.Equal(double.NegativeInfinity, Score(sequence)));
    }

    [Fact]
    public void LongRowsKeepTheirDigits()
    {
        // Independent steps: log Z is the sum of the steps' log-sum-exps, here 5000 times the same.
        const int Steps = 5000;
        using var crf = new Crf(Device, 3);
        crf.Transitions.Load(new float[9]);
        crf.Start.Load(new float[3]);
        crf.End.Load(new float[3]);
        float[] step = [7f, 8f, 9.5f], x = [.. Enumerable.Repeat(step, Steps).SelectMany(static v => v)];
        Tensor emissions = Device.Tensor(x, new Shape(Steps, 1, 3));
        double z = step.Sum(v => Math.Exp(v - 9.5));
        float loss = crf.Loss(emissions, Device.Tensor(Enumerable.Repeat(2, Steps).ToArray(), new Shape(Steps, 1))).Item();
        Assert.Equal(Steps * Math.Log(z), loss, 0.05);
        float[] marginals = crf.Marginals(emissions).ToArray();
        for (int i = 0; i < marginals.Length; i++) { Assert.Equal(Math.Exp(step[i % 3] - 9.5) / z, marginals[i], 2e-6); }
    }

    [Fact]
    public void TrainingAllocatesNothingAfterTheFirstSteps()
    {
        using var embedding = new Embedding(Device, 11, 5);
        using var crf = new Crf(Device, 5, TagConstraints.Of(new SpanTags(Bio)), constrainTraining: true);
        int[] words = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1], tags = [1, 0, 3, 2, 0, 4, 2, 0, 0, 0, 0, 0], lengths = [4, 1, 2];
        var metric = new SpanF1(new SpanTags(Bio));
        var shape = new Shape(4, 3);

        void Step()
        {
            Tensor n = Device.Tensor(lengths, new Shape(3)), y = Device.Tensor(tags, shape);
            crf.Loss(embedding.Forward(Device.Tensor(words, shape)), y, n).Backward();
            crf.ZeroGrad();
            embedding.ZeroGrad();
            using NoGradScope scope = Device.NoGrad();
            Tensor x = embedding.Forward(Device.Tensor(words, shape));
            metric.Update(crf.Decode(x, Device.Tensor(lengths, new Shape(3))).Tags, Device.Tensor(tags, shape));
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long count = Device.AllocationCount, leased = Device.LeasedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++) { Step(); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(leased, Device.LeasedBytes);
    }

    [Fact]
    public void WrongUseIsTold()
    {
        using var crf = new Crf(Device, 3);
        Tensor emissions = Device.Zeros(new Shape(4, 2, 3)), tags = Device.Tensor(new int[8], new Shape(4, 2));
        Assert.Contains("[steps, batch, 3]", Assert.Throws<ArgumentException>(() => crf.Loss(Device.Zeros(new Shape(4, 2, 4)), tags)).Message);
        Assert.Contains("no tags", Assert.Throws<ArgumentException>(() => crf.Loss(emissions, default)).Message);
        Assert.Contains("must be a tensor of 8 ints", Assert.Throws<ArgumentException>(() => crf.Loss(emissions, Device.Tensor(new int[6], new Shape(3, 2)))).Message);
        Assert.Contains("tag 3 in row 0", Assert.Throws<ArgumentException>(() => crf.Loss(emissions, Device.Tensor([3, 0, 0, 0, 0, 0, 0, 0], new Shape(4, 2)))).Message);
        Assert.Contains("5 tags do not fit 3", Assert.Throws<ArgumentException>(() => new Crf(Device, 3, TagConstraints.Of(new SpanTags(Bio)))).Message);
        long leased = Device.LeasedBytes;
        Assert.Throws<ArgumentException>(() => crf.Loss(emissions, Device.Tensor([3, 0, 0, 0, 0, 0, 0, 0], new Shape(4, 2))));
        Device.ReleaseStep();
        Assert.True(Device.LeasedBytes < leased);
    }

    private static IEnumerable<int[]> Sequences(int steps, int tags)
    {
        for (int code = 0; code < Math.Pow(tags, steps); code++)
        {
            int rest = code;
            var y = new int[steps];
            for (int t = 0; t < steps; t++) { (y[t], rest) = (rest % tags, rest / tags); }
            yield return y;
        }
    }

    private static double Score(float[] x, float[] a, float[] s, float[] e, int[] y)
    {
        double score = s[y[0]] + e[y[^1]];
        for (int t = 0; t < y.Length; t++)
        {
            score += x[(t * s.Length) + y[t]];
            if (t > 0) { score += a[(y[t - 1] * s.Length) + y[t]]; }
        }

        return score;
    }
}
