using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>The layer around cells, with a cell that a user wrote.</summary>
public sealed class CellStackTests : NnTestBase
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void AUsersCellHasGradients(int layers, bool bidirectional)
    {
        using var stack = new CellStack(Device, static (device, inputs) => new MinimalGatedCell(device, inputs, 3), 2, layers, bidirectional);
        GradientCheck.Run(
            Device, stack,
            x => stack.Run(x[0], lengths: Device.Tensor([4, 0, 2], new Shape(3))).Output,
            Leaf(1, 4, 3, 2));
    }

    [Fact]
    public void AUsersCellLearns()
    {
        // Echo the input of two steps ago: a memory is needed.
        using var stack = new CellStack(Device, static (device, inputs) => new MinimalGatedCell(device, inputs, 8), inputs: 1);
        using var output = new Dense(Device, 8, 1);
        using var model = new Sequential(Device, stack, output);
        using var adam = new Adam(model, learningRate: 0.02f);
        var random = new PhiloxStream(new RandomKey(3, 0, 0));
        float[] x = new float[12 * 16], y = new float[12 * 16];
        float first = 0, last = 0;
        for (int step = 0; step < 150; step++)
        {
            for (int i = 0; i < x.Length; i++) { x[i] = random.NextInt(2); }
            for (int i = 32; i < x.Length; i++) { y[i] = x[i - 32]; }
            Tensor loss = new Mse().Forward(model.Forward(Device.Tensor(x, new Shape(12, 16, 1))), Device.Tensor(y, new Shape(12, 16, 1)));
            adam.ZeroGrad();
            loss.Backward();
            adam.Step();
            last = loss.Item();
            if (step == 0) { first = last; }
        }

        Assert.True(last < 0.2f * first, $"the loss fell from {first} to {last} only");
        Assert.Contains("stepwise over recorded operations", model.Summary(12, 1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void StreamingIsTheSameAsASequence(bool zoneout)
    {
        RecurrentCell New(Device device, int inputs)
        {
            var cell = new LstmVariantCell(device, inputs, 4, peepholes: true, projection: 3);
            return zoneout ? new Zoneout(cell, 0.2f, 0.4f) : cell;
        }

        using var stack = new CellStack(Device, New, inputs: 2, layers: 2);
        stack.Eval();
        using CellStackState state = stack.NewState(3), windows = stack.NewState(3);
        float[] x = GradientCheck.Values(new Shape(7, 3, 2), 1);
        using NoGradScope scope = Device.NoGrad();
        Tensor all = Device.Tensor(x, new Shape(7, 3, 2));
        float[] expected = stack.Forward(all).ToArray();
        float[] steps = [.. Enumerable.Range(0, 7).SelectMany(t => stack.Step(all[t], state).ToArray())];
        float[] cut = [.. stack.Run(all.Slice(0, 0, 3), windows).Output.ToArray(), .. stack.Run(all.Slice(0, 3, 4), windows).Output.ToArray()];
        Assert.Equal(expected, steps);
        Assert.Equal(expected, cut);
        for (int i = 0; i < 2; i++) { Assert.Equal(state.Tensors[i].ToArray(), windows.Tensors[i].ToArray()); }
        state.Reset();
        Assert.All(state.Tensors[1].ToArray(), static value => Assert.Equal(0f, value));
    }

    [Fact]
    public void ARowDoesNotDependOnTheOthers()
    {
        using var stack = new CellStack(Device, static (device, inputs) => new LstmVariantCell(device, inputs, 4, peepholes: true), 2, layers: 2, bidirectional: true);
        float[] x = GradientCheck.Values(new Shape(6, 3, 2), 1);
        using NoGradScope scope = Device.NoGrad();
        float[] both = stack.Run(Device.Tensor(x, new Shape(6, 3, 2)), lengths: Device.Tensor([6, 2, 4], new Shape(3))).Output.ToArray();
        float[] row = [.. Enumerable.Range(0, 4).SelectMany(t => x[((t * 6) + 4)..((t * 6) + 6)])];
        float[] alone = stack.Forward(Device.Tensor(row, new Shape(4, 1, 2))).ToArray();
        for (int t = 0; t < 6; t++)
        {
            float[] part = both[((t * 24) + 16)..((t * 24) + 24)];
            Assert.Equal(t < 4 ? alone[(t * 8)..((t + 1) * 8)] : new float[8], part);
        }
    }

    [Fact]
    public void TrainingAllocatesNothingAfterTheFirstSteps()
    {
        using var stack = new CellStack(
            Device, static (device, inputs) => new Zoneout(new LstmVariantCell(device, inputs, 5, peepholes: true, projection: 3), 0.1f, 0.3f), 4, layers: 2,
            bidirectional: true, dropout: 0.2f);
        using CellStackState state = stack.NewState(3);
        float[] x = GradientCheck.Values(new Shape(6, 3, 4), 1);
        int[] lengths = [6, 0, 4], resets = new int[18];
        resets[7] = 1;

        void Step()
        {
            CellOutput y = stack.Run(
                Device.Tensor(x, new Shape(6, 3, 4)), state, Device.Tensor(lengths, new Shape(3)), Device.Tensor(resets, new Shape(6, 3)));
            (y.Output.Square().Mean() + y.States[1].Mean()).Backward();
            stack.ZeroGrad();
        }

        for (int i = 0; i < 3; i++) { Step(); }
        long count = Device.AllocationCount, leased = Device.LeasedBytes, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 40; i++) { Step(); }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(count, Device.AllocationCount);
        Assert.Equal(leased, Device.LeasedBytes);
    }

    [Fact]
    public void InferenceMemoryDoesNotGrowWithTheSteps()
    {
        using var stack = new CellStack(Device, static (device, inputs) => new LstmVariantCell(device, inputs, 32, peepholes: true), 1, returnSequences: false);
        long Peak(int steps)
        {
            float[] x = new float[steps * 2];
            using NoGradScope scope = Device.NoGrad();
            Tensor input = Device.Tensor(x, new Shape(steps, 2, 1));
            Device.ResetPeak();
            long before = Device.LeasedBytes;
            stack.Forward(input);

            // The hoisted projection has 4H numbers a step and row; nothing else may.
            return Device.PeakBytes - before - (steps * 2 * 128 * sizeof(float));
        }

        // The first call packs weights, which stay packed until they change.
        Peak(20);
        Assert.InRange(Peak(400), 0, Peak(20) + 4096);
    }

    [Fact]
    public void ItSaysWhichOptionForcedWhichPath()
    {
        string Explain(Func<Device, int, RecurrentCell> cell)
        {
            using var stack = new CellStack(Device, cell, 2);
            return stack.Explain();
        }

        Assert.Contains("the fused loop has no peepholes", Explain(static (d, i) => new LstmVariantCell(d, i, 3, peepholes: true)), StringComparison.Ordinal);
        Assert.Contains("the fused loop has no projection", Explain(static (d, i) => new LstmVariantCell(d, i, 3, projection: 2)), StringComparison.Ordinal);
        Assert.Contains("the fused loop has no zoneout", Explain(static (d, i) => new Zoneout(new GruVariantCell(d, i, 3), 0.1f)), StringComparison.Ordinal);
        Assert.Contains("no recurrence through the output", Explain(static (d, i) => new JordanCell(d, i, 3, 2)), StringComparison.Ordinal);
        Assert.Contains("MinimalGatedCell is written over tensor operations", Explain(static (d, i) => new MinimalGatedCell(d, i, 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void BadUseIsRefusedInWords()
    {
        using var stack = new CellStack(Device, static (device, inputs) => new MinimalGatedCell(device, inputs, 3), 2, bidirectional: true);
        Says<ArgumentException>("CellStack takes [steps, batch, 2]", () => stack.Forward(Input(1, 4, 3, 5)));
        Says<ArgumentException>("row 1 has the length 5: lengths are 0 to 4 here", () => stack.Run(Input(1, 4, 3, 2), lengths: Device.Tensor([4, 5, 0], new Shape(3))));
        Says<ArgumentException>("the resets must be [4, 3]", () => stack.Run(Input(1, 4, 3, 2), resets: Device.Tensor([0, 0, 0], new Shape(3))));
        Says<ArgumentException>("the initial state 0 must be [2, 3, 3]", () => stack.Run(Input(1, 4, 3, 2), new CellStates(Input(2, 1, 3, 3))));
        Says<ArgumentException>("starts from 1 states, not 2", () => stack.Run(Input(1, 4, 3, 2), new CellStates(Input(2, 2, 3, 3), Input(2, 2, 3, 3))));
        using CellStackState state = stack.NewState(3);
        Says<InvalidOperationException>("cannot run step by step", () => stack.Step(Input(1, 3, 2), state));
        Says<ArgumentException>("projects to 1 to 2 features", () => _ = new LstmVariantCell(Device, 2, 3, projection: 3));
        Says<ArgumentException>("a rate for each of its 2 states, not 1", () => _ = new Zoneout(new LstmVariantCell(Device, 2, 3), 0.1f));
        Says<ArgumentException>("below 1, not 1", () => _ = new Zoneout(new GruVariantCell(Device, 2, 3), 1f));
        Says<InvalidOperationException>("made state 0 of [3, 3] one of [3, 2]", () =>
        {
            using var wrong = new CellStack(Device, static (device, inputs) => new WrongCell(device, inputs), 2);
            wrong.Forward(Input(1, 4, 3, 2));
        });
    }

    private static void Says<TException>(string part, Action action)
        where TException : Exception => Assert.Contains(part, Assert.Throws<TException>(action).Message, StringComparison.Ordinal);

    /// <summary>Minimal gated unit (Zhou et al. 2016): f = sigmoid(a_f + R_f h), n = tanh(a_n + R_n (f h)), h' = h + f (n - h).</summary>
    private sealed class MinimalGatedCell : RecurrentCell
    {
        private readonly Parameter _w, _b, _rf, _rn;
        private readonly int _hidden;

        public MinimalGatedCell(Device device, int inputs, int hidden)
            : base(device, inputs, hidden)
        {
            _hidden = hidden;
            var initial = new UniformInit(1f / MathF.Sqrt(hidden));
            _w = AddParameter("weight_ih", new Shape(2 * hidden, inputs), initial);
            _b = AddParameter("bias_ih", new Shape(2 * hidden), initial);
            _rf = AddParameter("weight_fh", new Shape(hidden, hidden), initial);
            _rn = AddParameter("weight_nh", new Shape(hidden, hidden), initial);
        }

        public override Tensor Project(Tensor input) => input.Linear(_w, _b);

        public override void Step(Tensor projected, ref CellStates states)
        {
            Tensor h = states[0];
            Tensor f = (projected.Slice(-1, 0, _hidden) + h.Linear(_rf)).Sigmoid();
            Tensor n = (projected.Slice(-1, _hidden, _hidden) + (f * h).Linear(_rn)).Tanh();
            states[0] = h + (f * (n - h));
        }
    }

    private sealed class WrongCell(Device device, int inputs) : RecurrentCell(device, inputs, 3)
    {
        public override void Step(Tensor projected, ref CellStates states) => states[0] = projected;
    }
}
