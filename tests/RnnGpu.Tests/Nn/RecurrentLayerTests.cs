using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class RecurrentLayerTests : NnTestBase
{
    [Fact]
    public void ParametersHavePyTorchNamesAndShapes()
    {
        using var layer = new Lstm(Device, 2, 3, 2, bidirectional: true);
        Assert.Equal(
            [
                "weight_ih_l0 [12, 2]", "weight_hh_l0 [12, 3]", "bias_ih_l0 [12]", "bias_hh_l0 [12]",
                "weight_ih_l0_reverse [12, 2]", "weight_hh_l0_reverse [12, 3]", "bias_ih_l0_reverse [12]", "bias_hh_l0_reverse [12]",
                "weight_ih_l1 [12, 6]", "weight_hh_l1 [12, 3]", "bias_ih_l1 [12]", "bias_hh_l1 [12]",
                "weight_ih_l1_reverse [12, 6]", "weight_hh_l1_reverse [12, 3]", "bias_ih_l1_reverse [12]", "bias_hh_l1_reverse [12]",
            ],
            layer.Parameters().Select(static p => p.ToString()));
        Assert.All(layer.Parameters().SelectMany(static p => p.ToArray()), static v => Assert.InRange(v, -0.5774f, 0.5774f));
    }

    [Fact]
    public void TheReturnedFinalStateIsTheLastOutput()
    {
        using var layer = new Gru(Device, 2, 3, 2);
        Tensor x = Input(1, 5, 2, 2);
        RecurrentOutput y = layer.Run(x);
        Assert.Equal(y.Output[-1].ToArray(), layer.Last(y.Hidden).ToArray());
        Assert.True(y.Cell.IsEmpty);
        Assert.True(layer.Run(x, outputs: false).Output.IsEmpty);
    }

    [Theory]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetBefore)]
    [InlineData(CellKind.ElmanTanh)]
    public void StreamingGivesTheBitsOfTheWholeSequence(CellKind cell)
    {
        using Recurrent layer = cell switch
        {
            CellKind.Lstm => new Lstm(Device, 5, 17, 2),
            CellKind.ElmanTanh => new Elman(Device, 5, 17, 2),
            _ => new Gru(Device, 5, 17, 2, resetAfter: false),
        };
        using RecurrentState state = layer.NewState(3);
        float[] x = GradientCheck.Values(new Shape(6, 3, 5), 1);
        using NoGradScope scope = Device.NoGrad();
        float[] whole = layer.Forward(Device.Tensor(x, new Shape(6, 3, 5))).ToArray();
        for (int repeat = 0; repeat < 2; repeat++)
        {
            var steps = new List<float>();
            for (int t = 0; t < 6; t++)
            {
                steps.AddRange(layer.Step(Device.Tensor(x.AsSpan(15 * t, 15), new Shape(3, 5)), state).ToArray());
            }

            Assert.Equal(whole, steps);
            state.Reset();
        }
    }

    [Fact]
    public void WindowsWithCarriedStateContinueTheSequenceAndCutGradients()
    {
        using var layer = new Lstm(Device, 2, 4, 2);
        using RecurrentState state = layer.NewState(3);
        float[] x = GradientCheck.Values(new Shape(8, 3, 2), 1);
        float[] whole = layer.Forward(Device.Tensor(x, new Shape(8, 3, 2))).ToArray();
        Device.ReleaseStep();

        var windows = new List<float>();
        for (int w = 0; w < 2; w++)
        {
            Tensor part = Device.Tensor(x.AsSpan(24 * w, 24), new Shape(4, 3, 2), requiresGrad: true);
            RecurrentOutput y = layer.Run(part, state);
            windows.AddRange(y.Output.ToArray());
            y.Output.Sum().Backward();
        }

        Assert.Equal(whole, windows);
        float[] carried = layer.Parameters().SelectMany(static p => p.GradientToArray()).ToArray();

        // The same by hand: the second window from detached values.
        layer.ZeroGrad();
        RecurrentOutput first = layer.Run(Device.Tensor(x.AsSpan(0, 24), new Shape(4, 3, 2)));
        RecurrentOutput second = layer.Run(
            Device.Tensor(x.AsSpan(24, 24), new Shape(4, 3, 2)), first.Hidden.Detach(), first.Cell.Detach());
        (first.Output.Sum() + second.Output.Sum()).Backward();
        float[] byHand = layer.Parameters().SelectMany(static p => p.GradientToArray()).ToArray();

        // The second window's sums enter before the first's instead of after: rounding only, of sums of 24 terms below 10.
        for (int i = 0; i < carried.Length; i++) { Assert.Equal(byHand[i], carried[i], 1e-5f * (1 + Math.Abs(byHand[i]))); }
    }

    [Fact]
    public void StateCanBeResetByRowAndStored()
    {
        using var layer = new Lstm(Device, 2, 3, 2);
        using RecurrentState state = layer.NewState(2), copy = layer.NewState(2);
        layer.Run(Input(1, 4, 2, 2), state);
        float[] h = state.Hidden.ToArray(), c = state.Cell.ToArray();
        copy.Load(h, c);
        Assert.Equal(h, copy.Hidden.ToArray());
        Assert.Equal(c, copy.Cell.ToArray());
        state.Reset(1);
        float[] after = state.Hidden.ToArray();
        for (int i = 0; i < h.Length; i++) { Assert.Equal(i / 3 % 2 == 1 ? 0f : h[i], after[i]); }
        state.Reset();
        Assert.All(state.Cell.ToArray(), static v => Assert.Equal(0f, v));
        Assert.Throws<ArgumentOutOfRangeException>(() => state.Reset(2));
        Assert.Throws<ArgumentException>(() => copy.Load(h.AsSpan(1), c));
    }

    [Fact]
    public void ChangedWeightsArePackedAgain()
    {
        using var layer = new Lstm(Device, 2, 3);
        using RecurrentState state = layer.NewState(1);
        using NoGradScope scope = Device.NoGrad();
        Tensor x = Input(1, 1, 2);
        float[] before = layer.Step(x, state).ToArray();
        state.Reset();
        Assert.Equal(before, layer.Step(x, state).ToArray());
        foreach (Parameter parameter in layer.Parameters()) { new ConstantInit(0f).Apply(parameter); }
        state.Reset();
        Assert.All(layer.Step(x, state).ToArray(), static v => Assert.Equal(0f, v));
    }

    [Fact]
    public void BetweenLayerDropoutDiffersByPassAndStepAndIsOffInEvaluation()
    {
        using var layer = new Gru(Device, 2, 8, 2, dropout: 0.5f);
        using var plain = new Gru(Device, 2, 8, 2);
        for (int i = 0; i < plain.Parameters().Count; i++) { plain.Parameters()[i].Load(layer.Parameters()[i].ToArray()); }
        float[] First(bool backward)
        {
            Tensor y = layer.Forward(Input(1, 3, 2, 2));
            float[] values = y.ToArray();
            if (backward) { y.Sum().Backward(); }
            return values;
        }

        float[] a = First(backward: false), b = First(backward: true), c = First(backward: true);
        Assert.NotEqual(a, b);
        Assert.NotEqual(b, c);
        Device.Step = 0;
        Assert.Equal(a, First(backward: true));
        layer.Eval();
        Assert.Equal(plain.Forward(Input(1, 3, 2, 2)).ToArray(), First(backward: true));
    }

    [Fact]
    public void RecurrentInitialisation()
    {
        using var layer = new Lstm(Device, 2, 4, 2);
        layer.InitRecurrentWeights(new OrthogonalInit());
        layer.InitInputWeights(new XavierInit());
        layer.InitBiases(new ConstantInit(0.5f));
        layer.SetForgetGateBias(1f);
        foreach (Parameter parameter in layer.Parameters())
        {
            float[] w = parameter.ToArray();
            if (parameter.Name.StartsWith("bias", StringComparison.Ordinal))
            {
                float f = parameter.Name.StartsWith("bias_ih", StringComparison.Ordinal) ? 1f : 0f;
                for (int i = 0; i < 16; i++) { Assert.Equal(i / 4 == 1 ? f : 0.5f, w[i]); }
            }
            else if (parameter.Name.StartsWith("weight_hh", StringComparison.Ordinal))
            {
                // Each gate's rows have norm 1; two gates' first rows are not alike.
                for (int row = 0; row < 16; row++) { Assert.Equal(1f, w.AsSpan(4 * row, 4).ToArray().Sum(static v => v * v), 1e-5f); }
                Assert.NotEqual(w[..4], w[16..20]);
            }
        }

        using var withoutBias = new Lstm(Device, 2, 4, bias: false);
        Assert.Throws<InvalidOperationException>(() => withoutBias.SetForgetGateBias(1f));
    }

    [Fact]
    public void BadCallsAreExplained()
    {
        using var lstm = new Lstm(Device, 2, 3);
        using var gru = new Gru(Device, 2, 3);
        using var both = new Elman(Device, 2, 3, bidirectional: true);
        using RecurrentState state = lstm.NewState(2);
        Tensor x = Input(1, 4, 3, 2);
        Assert.Contains("[steps, batch, 2]", Assert.Throws<ArgumentException>(() => lstm.Forward(Input(1, 4, 3, 3))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => lstm.Forward(Device.Zeros(new Shape(0, 3, 2))));
        Assert.Contains("initial states", Assert.Throws<ArgumentException>(() => lstm.Run(x, Device.Zeros(new Shape(1, 2, 3)))).Message, StringComparison.Ordinal);
        Assert.Contains("no cell state", Assert.Throws<ArgumentException>(() => gru.Run(x, cell: Device.Zeros(new Shape(1, 3, 3)))).Message, StringComparison.Ordinal);
        Assert.Contains("lengths", Assert.Throws<ArgumentException>(() => lstm.Run(x, lengths: Device.Tensor([1, 2], new Shape(2)))).Message, StringComparison.Ordinal);
        Assert.Contains("integer", Assert.Throws<ArgumentException>(() => lstm.Run(x, resets: Device.Zeros(new Shape(4, 3)))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => lstm.Run(x, state));
        Assert.Throws<ArgumentException>(() => lstm.Step(Input(1, 3, 2), state));
        Assert.Throws<InvalidOperationException>(() => both.Step(Input(1, 2, 2), both.NewState(2)));
        Assert.Throws<ArgumentException>(() => new Bidirectional(lstm));
        Assert.Throws<ArgumentException>(() => new Lstm(Device, 0, 3));
        Assert.Throws<ArgumentException>(() => new Lstm(Device, 2, 3, dropout: 1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => lstm.NewState(0));
    }

    [Fact]
    public void DisposeGivesAllMemoryBack()
    {
        long before = Device.LeasedBytes;
        var layer = new Lstm(Device, 2, 3, 2);
        layer.Forward(Input(1, 4, 3, 2)).Sum().Backward();
        using (Device.NoGrad()) { layer.Forward(Input(1, 4, 3, 2)); }
        Device.ReleaseStep();
        layer.Dispose();
        Assert.Equal(before, Device.LeasedBytes);
    }

    [Fact]
    public void ManyLengthsAreServedFromABoundedSetOfPlans()
    {
        using var layer = new Elman(Device, 2, 3);
        long leased = 0;
        for (int t = 1; t <= 150; t++)
        {
            layer.Forward(Input(1, t, 1, 2)).Sum().Backward();
            foreach (Parameter parameter in layer.Parameters()) { parameter.MarkChanged(); }
            Device.ReleaseStep();
            if (t == 100) { leased = Device.LeasedBytes; }
        }

        Assert.Equal(leased, Device.LeasedBytes);
    }
}
