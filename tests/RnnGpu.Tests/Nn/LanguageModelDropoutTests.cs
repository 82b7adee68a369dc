using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Locked dropout, embedding dropout and weight drop.</summary>
public sealed class LanguageModelDropoutTests : NnTestBase
{
    private static readonly int[] Ids = [0, 3, 3, 4, 1, 0];

    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void Gradients_equal_differences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        using var locked = new LockedDropout(device, 0.4f);
        using var embedding = new Embedding(device, 5, 3, dropout: 0.4f);

        // Setting the step starts it anew, so that every evaluation draws the same masks.
        GradientCheck.Run(
            device,
            x =>
            {
                device.Step = 9;
                return locked.Forward(x[0]) * x[0];
            },
            Leaf(1, 4, 3, 5));
        GradientCheck.Run(device, embedding, _ =>
        {
            device.Step = 9;
            return locked.Forward(embedding.Forward(device.Tensor(Ids, new Shape(3, 2))));
        });
    }

    [Fact]
    public void A_locked_mask_holds_at_all_steps_and_keeps_the_mean()
    {
        using var dropout = new LockedDropout(Device, 0.3f);
        Tensor x = Device.Ones(new Shape(3, 100, 50));
        float[] y = dropout.Forward(x).ToArray(), other = dropout.Forward(x).ToArray();
        Assert.Equal(y[..5000], y[5000..10000]);
        Assert.Equal(y[..5000], y[10000..]);
        Assert.NotEqual(y, other);
        Assert.All(y, static v => Assert.True(v == 0f || Math.Abs(v - (1f / 0.7f)) < 1e-6f));

        // 5,000 draws: the standard deviation of the mean is sqrt(0.3/0.7/5000) = 0.0093; five of them.
        Assert.Equal(1.0, y.Average(), 0.047);
        dropout.Eval();
        Assert.Equal(x, dropout.Forward(x));
        Assert.Throws<ArgumentException>(() => dropout.Forward(Device.Ones(new Shape(3, 2))));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LockedDropout(Device, 1f));
    }

    [Fact]
    public void Embedding_dropout_drops_whole_words_wherever_they_stand()
    {
        using var embedding = new Embedding(Device, 400, 6, dropout: 0.25f);
        using var plain = new Embedding(Device, 400, 6);
        plain.Weight.Load(embedding.Weight.ToArray());
        int[] ids = [.. Enumerable.Range(0, 400), .. Enumerable.Range(0, 400)];
        float[] y = embedding.Forward(Device.Tensor(ids, new Shape(2, 400))).ToArray();
        float[] whole = plain.Forward(Device.Tensor(ids, new Shape(2, 400))).ToArray();
        Assert.Equal(y[..2400], y[2400..]);
        int dropped = 0;
        for (int word = 0; word < 400; word++)
        {
            Span<float> vector = y.AsSpan(word * 6, 6);
            bool gone = vector.IndexOfAnyExcept(0f) < 0;
            if (gone) { dropped++; }
            for (int i = 0; i < 6; i++) { Assert.Equal(gone ? 0f : whole[(word * 6) + i] / 0.75f, vector[i], 1e-5f); }
        }

        // 400 draws: 100 expected, standard deviation 8.7; five of them.
        Assert.InRange(dropped, 56, 144);
        embedding.Eval();
        Assert.Equal(whole, embedding.Forward(Device.Tensor(ids, new Shape(2, 400))).ToArray());
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void A_pass_with_weight_drop_is_one_on_dropped_weights_and_its_gradient_that_of_the_raw_ones(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        using var layer = new Lstm(device, 3, 4, layers: 2);
        using var plain = new Lstm(device, 3, 4, layers: 2);
        layer.WeightDrop = 0.4f;
        device.Step = 6;
        float[][] first = Pass(layer, passes: 1);
        float[][] masks = [.. Masks(first, Pass(plain, passes: 1, from: layer))];
        Assert.All(masks, static mask => Assert.All(mask, static m => Assert.True(m == 0f || Math.Abs(m - (1f / 0.6f)) < 1e-5f)));
        Assert.All(masks, static mask => Assert.Contains(0f, mask));
        Assert.All(masks, static mask => Assert.Contains(mask, static m => m != 0f));

        // The same pass by a layer without weight drop whose weights are the dropped ones.
        int matrix = 0;
        foreach ((Parameter raw, Parameter dropped) in layer.Parameters().Zip(plain.Parameters()))
        {
            float[] values = raw.ToArray();
            if (raw.Name.StartsWith("weight_hh", StringComparison.Ordinal))
            {
                float[] mask = masks[matrix++];
                for (int i = 0; i < values.Length; i++) { values[i] *= mask[i]; }
            }

            dropped.Load(values);
        }

        float[][] expected = Pass(plain, passes: 1);
        matrix = 0;
        for (int i = 0; i < first.Length; i++)
        {
            bool hh = i > 0 && layer.Parameters()[i - 1].Name.StartsWith("weight_hh", StringComparison.Ordinal);
            float[] mask = hh ? masks[matrix++] : [];
            for (int j = 0; j < first[i].Length; j++) { Assert.Equal(hh ? expected[i][j] * mask[j] : expected[i][j], first[i][j], 1e-5f); }
        }
    }

    [Fact]
    public void Weight_drop_draws_anew_for_each_pass_and_step_repeats_on_resume_and_is_off_in_evaluation()
    {
        using var layer = new Gru(Device, 3, 4);
        using var plain = new Gru(Device, 3, 4);
        foreach ((Parameter from, Parameter to) in layer.Parameters().Zip(plain.Parameters())) { to.Load(from.ToArray()); }
        layer.WeightDrop = 0.5f;
        Tensor x = Input(1, 5, 2, 3).Keep();
        Device.Step = 4;
        float[] one = layer.Forward(x).ToArray(), two = layer.Forward(x).ToArray();
        Assert.NotEqual(one, two);
        Device.ReleaseStep();
        Assert.Equal(one, layer.Forward(x).ToArray());
        Device.Step = 5;
        Assert.NotEqual(one, layer.Forward(x).ToArray());
        float[] whole = plain.Forward(x).ToArray();
        using (Device.NoGrad()) { Assert.Equal(whole, layer.Forward(x).ToArray()); }
        layer.Eval();
        Assert.Equal(whole, layer.Forward(x).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.WeightDrop = 1f);
    }

    /// <summary>Two passes in one step run on two masks; each must run back on its own.</summary>
    [Fact]
    public void Each_pass_of_a_step_runs_back_on_its_own_weights()
    {
        using var layer = new Lstm(Device, 3, 4);
        layer.WeightDrop = 0.5f;
        float[] Gradient(bool first, bool second)
        {
            layer.ZeroGrad();
            Device.Step = 3;
            Tensor a = layer.Forward(Input(1, 5, 2, 3)), b = layer.Forward(Input(2, 5, 2, 3));
            Tensor sum = first && second ? a.Sum() + b.Sum() : first ? a.Sum() : b.Sum();
            sum.Backward();
            return [.. layer.Parameters().SelectMany(static p => p.GradientToArray())];
        }

        float[] both = Gradient(true, true), a = Gradient(true, false), b = Gradient(false, true);
        for (int i = 0; i < both.Length; i++) { Assert.Equal(a[i] + b[i], both[i], 1e-5f); }
    }

    [Fact]
    public void Training_with_all_of_them_allocates_nothing_after_the_first_steps()
    {
        using var embedding = new Embedding(Device, 11, 6, dropout: 0.2f);
        using var dropout = new LockedDropout(Device, 0.3f);
        using var layer = new Lstm(Device, 6, 6);
        using var decoder = new TiedDense(embedding);
        layer.WeightDrop = 0.3f;
        var loss = new SoftmaxCrossEntropy();
        int[] tokens = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1];
        var shape = new Shape(4, 3);

        void Step()
        {
            Tensor x = Device.Tensor(tokens, shape);
            loss.Forward(decoder.Forward(dropout.Forward(layer.Forward(dropout.Forward(embedding.Forward(x))))), x).Backward();
            embedding.ZeroGrad();
            layer.ZeroGrad();
            decoder.ZeroGrad();
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long count = Device.AllocationCount, leased = Device.LeasedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60; i++)
        {
            Step();
            if (i == 30) { GC.Collect(); }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(leased, Device.LeasedBytes);
    }

    /// <summary>Outputs and gradients of one pass of random inputs: the outputs first, then every parameter's gradient.</summary>
    private static float[][] Pass(Recurrent layer, int passes, Recurrent? from = null)
    {
        Device device = layer.Device;
        if (from is not null)
        {
            foreach ((Parameter source, Parameter target) in from.Parameters().Zip(layer.Parameters())) { target.Load(source.ToArray()); }
        }

        layer.ZeroGrad();
        device.ReleaseStep();
        (Shape shape, float[] values) = Leaf(1, 5, 2, 3);
        Tensor y = default;
        for (int i = 0; i < passes; i++) { y = layer.Forward(device.Tensor(values, shape)); }
        float[] outputs = y.ToArray();
        y.Square().Sum().Backward();
        device.Step = 6;
        return [outputs, .. layer.Parameters().Select(static p => p.GradientToArray())];
    }

    /// <summary>The masks of the recurrent matrices, from the generator's definition.</summary>
    private static IEnumerable<float[]> Masks(float[][] pass, float[][] plain)
    {
        Assert.NotEqual(pass[0], plain[0]);

        // Site 0 is the dropout between the layers of the first one made, site 1 that of the second, site 2 the weight drop.
        for (int layer = 0; layer < 2; layer++)
        {
            var random = new PhiloxStream(new RandomKey(7, 6, 2)) { Position = (ulong)(layer * 64) };
            var mask = new float[64];
            for (int i = 0; i < mask.Length; i++) { mask[i] = random.NextFloat() < 0.4f ? 0f : 1f / 0.6f; }
            yield return mask;
        }
    }
}
