using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>What the cells compute, against their equations in float64 and against the fused loop.</summary>
public sealed class CellValueTests : NnTestBase
{
    // Two dozen float operations a step, none of which magnifies: 1e-5 leaves a factor of 10.
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    public void LstmVariantsFollowTheirEquations(bool peepholes, int projection)
    {
        using var stack = new CellStack(Device, (device, inputs) => new LstmVariantCell(device, inputs, 5, peepholes, projection), inputs: 2);
        (double[][] x, Tensor input) = Sequence(steps: 9, features: 2);
        CellOutput y = stack.Run(input);
        (double[][] expected, double[] cell) = CellEquations.Lstm(Parameters(stack), x, hidden: 5);
        Same(expected.SelectMany(static row => row), y.Output);
        Same(expected[^1], y.States[0]);
        Same(cell, y.States[1]);
    }

    [Fact]
    public void JordanFollowsItsEquations()
    {
        using var stack = new CellStack(Device, static (device, inputs) => new JordanCell(device, inputs, hidden: 4, outputs: 2), inputs: 3);
        (double[][] x, Tensor input) = Sequence(steps: 8, features: 3);
        Same(CellEquations.Jordan(Parameters(stack), x).SelectMany(static row => row), stack.Forward(input));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void WithoutOptionsTheyAreTheFusedCells(int layers, bool bidirectional)
    {
        using var lstm = new Lstm(Device, 3, 4, layers, bidirectional);
        using var lstmStack = new CellStack(Device, static (device, inputs) => new LstmVariantCell(device, inputs, 4), 3, layers, bidirectional);
        Compare(lstm, lstmStack);
        using var gru = new Gru(Device, 3, 4, layers, bidirectional);
        using var gruStack = new CellStack(Device, static (device, inputs) => new GruVariantCell(device, inputs, 4), 3, layers, bidirectional);
        Compare(gru, gruStack);
    }

    [Fact]
    public void WhatStandsBehindALengthMayBeNaN()
    {
        using var stack = new CellStack(Device, static (device, inputs) => new LstmVariantCell(device, inputs, 4), 2, layers: 2, bidirectional: true);
        float[] x = GradientCheck.Values(new Shape(3, 2, 2), 1);
        float[] Gradients()
        {
            stack.ZeroGrad();
            Tensor input = Device.Tensor(x, new Shape(3, 2, 2), requiresGrad: true);
            CellOutput y = stack.Run(input, lengths: Device.Tensor([2, 3], new Shape(2)));
            (y.Output.Square().Sum() + y.States[1].Sum()).Backward();
            return [.. input.Grad.ToArray(), .. stack.Parameters().SelectMany(static p => p.GradientToArray())];
        }

        float[] expected = Gradients();
        x[8] = float.NaN;
        Assert.Equal(expected, Gradients());
        Assert.All(expected, static value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void NamesAreThoseOfPyTorch()
    {
        using var stack = new CellStack(
            Device, static (device, inputs) => new Zoneout(new LstmVariantCell(device, inputs, 4, projection: 2), 0.1f, 0.2f), 3, layers: 2, bidirectional: true);
        string[] kinds = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
        IEnumerable<string> expected = new[] { "l0", "l0_reverse", "l1", "l1_reverse" }.SelectMany(place => kinds.Select(kind => $"{kind}_{place}"));
        Assert.Equal(expected.Order(), stack.NamedParameters().Select(static p => p.Name).Order());
        IReadOnlyDictionary<string, Parameter> byName = stack.NamedParameters().ToDictionary(static p => p.Name, static p => p.Parameter);
        Assert.Equal(new Shape(16, 3), byName["weight_ih_l0"].Shape);
        Assert.Equal(new Shape(16, 4), byName["weight_ih_l1_reverse"].Shape);
        Assert.Equal(new Shape(16, 2), byName["weight_hh_l1"].Shape);
        Assert.Equal(new Shape(2, 4), byName["weight_hr_l0"].Shape);
    }

    [Fact]
    public void ZoneoutKeepsOldValuesInTrainingAndTheirExpectationAfterwards()
    {
        const float Rate = 0.3f;
        using var stack = new CellStack(Device, static (device, inputs) => new Zoneout(new LstmVariantCell(device, inputs, 64), Rate, 0f), inputs: 2);
        Device.Step = 3;
        float[] x = GradientCheck.Values(new Shape(1, 50, 2), 1), h0 = GradientCheck.Values(new Shape(1, 50, 64), 2, 0.5f);
        float[] c0 = GradientCheck.Values(new Shape(1, 50, 64), 3, 0.5f);
        float[] Hidden() => stack.Run(
            Device.Tensor(x, new Shape(1, 50, 2)), new CellStates(Device.Tensor(h0, new Shape(1, 50, 64)), Device.Tensor(c0, new Shape(1, 50, 64)))).States[0].ToArray();
        float[] chosen = Hidden();
        Assert.NotEqual(chosen, Hidden());
        Device.Step = 3;
        Assert.Equal(chosen, Hidden());
        stack.Eval();
        float[] mean = Hidden();
        int kept = 0;
        for (int i = 0; i < chosen.Length; i++)
        {
            // From the mean, the cell's own new state, and from that whether this element was kept or not.
            double fresh = h0[i] + ((mean[i] - h0[i]) / (1 - Rate));
            bool old = chosen[i] == h0[i];
            kept += old ? 1 : 0;
            if (!old) { Assert.Equal(fresh, chosen[i], 1e-5); }
        }

        // 3200 draws: four standard deviations are 0.032.
        Assert.InRange(kept / (double)chosen.Length, Rate - 0.033, Rate + 0.033);
    }

    private void Compare(Recurrent fused, CellStack stack)
    {
        Dictionary<string, float[]> weights = fused.NamedParameters().ToDictionary(static p => p.Name, static p => p.Parameter.ToArray());
        foreach ((string name, Parameter parameter) in stack.NamedParameters()) { parameter.Load(weights[name]); }
        int[] lengths = [5, 0, 3, 6], resets = new int[24];
        resets[9] = resets[2] = resets[15] = 1;
        float[] x = GradientCheck.Values(new Shape(6, 4, 3), 1);

        // What stands behind a length must not matter.
        x[(5 * 12) + 2] = 1000f;
        int states = stack.Cells.Count;
        float[] h = GradientCheck.Values(new Shape(states, 4, 4), 2, 0.5f), c = GradientCheck.Values(new Shape(states, 4, 4), 3, 0.5f);
        bool hasCell = Layouts.HasCellState(fused.Spec.Cell);

        (float[] Y, float[] H, float[][] Gradients) Run(Module module)
        {
            module.ZeroGrad();
            Tensor input = Device.Tensor(x, new Shape(6, 4, 3), requiresGrad: true);
            Tensor h0 = Device.Tensor(h, new Shape(states, 4, 4), requiresGrad: true), c0 = hasCell ? Device.Tensor(c, new Shape(states, 4, 4)) : default;
            Tensor rows = Device.Tensor(lengths, new Shape(4)), clears = Device.Tensor(resets, new Shape(6, 4));
            Tensor y, last;
            if (module is Recurrent recurrent)
            {
                RecurrentOutput output = recurrent.Run(input, h0, c0, rows, clears);
                (y, last) = (output.Output, output.Hidden);
            }
            else
            {
                CellOutput output = ((CellStack)module).Run(input, hasCell ? new CellStates(h0, c0) : new CellStates(h0), rows, clears);
                (y, last) = (output.Output, output.States[0]);
            }

            float[] values = y.ToArray(), final = last.ToArray();
            (y.Square().Sum() + last.Sum()).Backward();
            return (values, final, [input.Grad.ToArray(), h0.Grad.ToArray(), .. module.NamedParameters().OrderBy(static p => p.Name, StringComparer.Ordinal).Select(static p => p.Parameter.GradientToArray())]);
        }

        (float[] Y, float[] H, float[][] Gradients) expected = Run(fused), actual = Run(stack);
        Close(expected.Y, actual.Y);
        Close(expected.H, actual.H);
        for (int i = 0; i < expected.Gradients.Length; i++) { Close(expected.Gradients[i], actual.Gradients[i]); }
    }

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) { Assert.Equal(expected[i], actual[i], Tolerance * (1 + Math.Abs(expected[i]))); }
    }

    private static void Same(IEnumerable<double> expected, Tensor actual)
    {
        double[] wanted = [.. expected];
        float[] values = actual.ToArray();
        Assert.Equal(wanted.Length, values.Length);
        for (int i = 0; i < wanted.Length; i++) { Assert.Equal(wanted[i], values[i], Tolerance); }
    }

    private static Dictionary<string, float[]> Parameters(CellStack stack) =>
        stack.NamedParameters().ToDictionary(static p => p.Name[..^"_l0".Length], static p => p.Parameter.ToArray());

    private (double[][] Values, Tensor Tensor) Sequence(int steps, int features)
    {
        float[] x = GradientCheck.Values(new Shape(steps, 1, features), 4);
        double[][] rows = [.. Enumerable.Range(0, steps).Select(t => Array.ConvertAll(x[(t * features)..((t + 1) * features)], static v => (double)v))];
        return (rows, Device.Tensor(x, new Shape(steps, 1, features)));
    }
}
