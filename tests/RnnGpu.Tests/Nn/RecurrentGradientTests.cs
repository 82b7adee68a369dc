using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>
/// The layer around the plan: that every tensor's gradient arrives where it belongs. The plan's own mathematics is compared with
/// a float64 reference elsewhere.
/// </summary>
public sealed class RecurrentGradientTests : NnTestBase
{
    private static readonly int[] Lengths = [4, 0, 3];
    private static readonly int[] Resets = [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0];

    public static TheoryData<CellKind, int, bool> Stacks()
    {
        var data = new TheoryData<CellKind, int, bool>();
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            data.Add(cell, 1, false);
            data.Add(cell, 2, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void OutputsAndFinalStatesByEveryInput(CellKind cell, int layers, bool bidirectional)
    {
        using Recurrent layer = New(cell, layers, bidirectional);
        bool hasCell = Layouts.HasCellState(cell);
        int states = layers * layer.Spec.Directions;
        Tensor All(Tensor[] x)
        {
            RecurrentOutput y = layer.Run(
                x[0], x[1], hasCell ? x[2] : default, Device.Tensor(Lengths, new Shape(3)), Device.Tensor(Resets, new Shape(4, 3)));
            return hasCell
                ? Tensor.Concat(0, y.Output.Reshape(-1), y.Hidden.Reshape(-1), y.Cell.Reshape(-1))
                : Tensor.Concat(0, y.Output.Reshape(-1), y.Hidden.Reshape(-1));
        }

        (Shape, float[]) x = Leaf(1, 4, 3, 2), h = ScaledLeaf(2, 0.5f, states, 3, 3), c = ScaledLeaf(3, 0.5f, states, 3, 3);
        if (hasCell) { GradientCheck.Run(Device, layer, All, x, h, c); }
        else { GradientCheck.Run(Device, layer, All, x, h); }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TheFinalStateAlone(bool bidirectional)
    {
        using var layer = new Lstm(Device, 2, 3, 2, bidirectional, returnSequences: false);
        Assert.Equal(new Shape(3, bidirectional ? 6 : 3), layer.OutputShape(new Shape(4, 3, 2)));
        GradientCheck.Run(Device, layer, x => layer.Forward(x[0]), Leaf(1, 4, 3, 2));
    }

    [Fact]
    public void WithoutBiases()
    {
        using var layer = new Gru(Device, 2, 3, 2, bias: false);
        Assert.Equal(4, layer.Parameters().Count);
        GradientCheck.Run(Device, layer, x => layer.Forward(x[0]), Leaf(1, 4, 3, 2));
    }

    [Fact]
    public void InputAndStatesWithOtherConsumers()
    {
        using var layer = new Lstm(Device, 3, 3);
        GradientCheck.Run(
            Device, layer,
            x =>
            {
                Tensor same = x[1].Tanh();
                RecurrentOutput y = layer.Run(x[0].Tanh(), same, same);
                return y.Output * x[0] + y.Hidden + y.Cell * same + layer.Forward(y.Output);
            },
            Leaf(1, 4, 2, 3), Leaf(2, 1, 2, 3));
    }

    [Theory]
    [InlineData(MergeMode.Concat)]
    [InlineData(MergeMode.Sum)]
    [InlineData(MergeMode.Average)]
    public void BidirectionalMerges(MergeMode merge)
    {
        using var layer = new Bidirectional(new Gru(Device, 2, 3, bidirectional: true), merge);
        GradientCheck.Run(Device, layer, x => layer.Forward(x[0]), Leaf(1, 4, 2, 2));
        Tensor x = Input(1, 4, 2, 2), both = layer.Inner.Forward(x), y = layer.Forward(x);
        Assert.Equal(layer.OutputShape(x.Shape), y.Shape);
        float[] forward = both.Slice(2, 0, 3).ToArray(), reverse = both.Slice(2, 3, 3).ToArray();
        if (merge == MergeMode.Concat) { Assert.Equal(both.ToArray(), y.ToArray()); }
        else
        {
            float scale = merge == MergeMode.Sum ? 1f : 0.5f;
            Assert.Equal(forward.Zip(reverse, (a, b) => scale * (a + b)), y.ToArray());
        }
    }

    [Fact]
    public void FrozenWeightsGetNoGradientAndTheRestTheSame()
    {
        using var layer = new Lstm(Device, 2, 3);
        float[] Gradient()
        {
            layer.ZeroGrad();
            Tensor x = Input(1, 4, 3, 2);
            layer.Forward(x).Sum().Backward();
            return [.. x.Grad.ToArray(), .. layer.Parameters()[0].GradientToArray()];
        }

        float[] before = Gradient();
        layer.Parameters()[1].Trainable = false;
        layer.Parameters()[3].Trainable = false;
        Assert.Equal(before, Gradient());
        Assert.False(layer.Parameters()[1].HasGradient);
        Assert.False(layer.Parameters()[3].HasGradient);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RecomputationGivesTheSameBits(bool bidirectional)
    {
        using var layer = new Lstm(Device, 3, 5, 2, bidirectional, dropout: 0.3f);
        float[] Gradients()
        {
            layer.ZeroGrad();
            Device.Step = 5;
            Tensor x = Input(1, 23, 4, 3);
            RecurrentOutput y = layer.Run(x);
            (y.Output.Square().Sum() + y.Cell.Sum()).Backward();
            return [.. x.Grad.ToArray(), .. layer.Parameters().SelectMany(static p => p.GradientToArray())];
        }

        float[] stored = Gradients();
        Assert.False(layer.Plan(23, 4).Recomputes);
        layer.SpanSteps = 7;
        Assert.True(layer.Plan(23, 4).Recomputes);
        Assert.Equal(stored, Gradients());
        layer.SpanSteps = null;
        layer.MemoryBudget = layer.Plan(23, 4).PlannedBytes * 9 / 10;
        Assert.True(layer.Plan(23, 4).Recomputes);
        Assert.True(layer.Plan(23, 4).PlannedBytes <= layer.MemoryBudget);
        Assert.Equal(stored, Gradients());
        layer.MemoryBudget = 1;
        Assert.Throws<PlanDoesNotFitException>(() => layer.Forward(Input(1, 23, 4, 3)));
    }

    private Recurrent New(CellKind cell, int layers, bool bidirectional)
    {
        Recurrent layer = cell switch
        {
            CellKind.ElmanTanh => new Elman(Device, 2, 3, layers, bidirectional),
            CellKind.ElmanRelu => new Elman(Device, 2, 3, layers, bidirectional, nonlinearity: Nonlinearity.Relu),
            CellKind.Lstm => new Lstm(Device, 2, 3, layers, bidirectional),
            CellKind.GruResetAfter => new Gru(Device, 2, 3, layers, bidirectional),
            CellKind.GruResetBefore => new Gru(Device, 2, 3, layers, bidirectional, resetAfter: false),
            _ => throw new ArgumentOutOfRangeException(nameof(cell)),
        };

        // Far from ReLU's kink: small weights around biases of about ±1.5, half the units on and half off.
        if (cell == CellKind.ElmanRelu)
        {
            layer.InitInputWeights(new UniformInit(0.15f));
            layer.InitRecurrentWeights(new UniformInit(0.15f));
            foreach (Parameter parameter in layer.Parameters().Where(static p => p.Name.StartsWith("bias", StringComparison.Ordinal)))
            {
                parameter.Load([0.75f, -0.75f, 0.8f]);
            }
        }

        return layer;
    }
}
