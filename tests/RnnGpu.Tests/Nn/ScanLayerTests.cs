using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Layers that scan: every tensor's gradient by differences, streams, and what they refuse.</summary>
public sealed class ScanLayerTests : NnTestBase
{
    private static readonly int[] Lengths = [4, 0, 3];
    private static readonly int[] Resets = [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0];

    public static TheoryData<string, int, bool> Stacks()
    {
        var data = new TheoryData<string, int, bool>();
        foreach (string name in (string[])["minGRU", "minLSTM", "SRU", "QRNN", "QRNN of 2 steps"])
        {
            data.Add(name, 1, false);
            data.Add(name, 2, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Stacks))]
    public void OutputsAndFinalStatesByEveryInput(string name, int layers, bool bidirectional)
    {
        using ScanRecurrent layer = New(name, 2, layers, bidirectional);
        Tensor All(Tensor[] x)
        {
            RecurrentOutput y = layer.Run(x[0], x[1], Device.Tensor(Lengths, new Shape(3)), Device.Tensor(Resets, new Shape(4, 3)));
            return Tensor.Concat(0, y.Output.Reshape(-1), y.Hidden.Reshape(-1));
        }

        GradientCheck.Run(Device, layer, All, Leaf(1, 4, 3, 2), ScaledLeaf(2, 0.5f, layers * layer.Directions, 3, 3));
    }

    /// <summary>The input itself as highway, with another consumer; and the final state alone.</summary>
    [Fact]
    public void HighwayOfTheInputAndTheFinalStateAlone()
    {
        using var sru = new Sru(Device, 3, 3, bias: false);
        Assert.Equal(new Shape(9, 3), sru.Parameters()[0].Shape);
        GradientCheck.Run(Device, sru, x => sru.Forward(x[0]) * x[0], Leaf(1, 4, 2, 3));
        using var minGru = new MinGru(Device, 2, 3, 2, bidirectional: true, returnSequences: false);
        AwayFromKinks(minGru);
        Assert.Equal(new Shape(3, 6), minGru.OutputShape(new Shape(4, 3, 2)));
        GradientCheck.Run(Device, minGru, x => minGru.Forward(x[0]), Leaf(1, 4, 3, 2));
    }

    [Theory]
    [InlineData("minGRU")]
    [InlineData("minLSTM")]
    [InlineData("SRU")]
    [InlineData("QRNN")]
    public void StreamsGiveTheSequence(string name)
    {
        using ScanRecurrent layer = New(name, 2, layers: 2, bidirectional: false);
        Tensor x = Input(1, 5, 3, 2);
        float[] whole = layer.Forward(x).ToArray();
        Tensor state = layer.NewState(3);
        using NoGradScope scope = Device.NoGrad();
        float[] steps = [.. Enumerable.Range(0, 5).SelectMany(t => layer.Step(x[t], state).ToArray())];
        for (int i = 0; i < whole.Length; i++) { Assert.Equal(whole[i], steps[i], 1e-6f); }
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        using var layer = new Qrnn(Device, 2, 3);
        Assert.Contains("[steps, batch, 2]", Assert.Throws<ArgumentException>(() => layer.Forward(Input(1, 4, 3, 5))).Message, StringComparison.Ordinal);
        Assert.Contains("window", Assert.Throws<InvalidOperationException>(() => layer.Step(Input(1, 3, 2), layer.NewState(3))).Message, StringComparison.Ordinal);
        Assert.Contains("window", Assert.Throws<ArgumentException>(() => new Qrnn(Device, 2, 3, window: 3)).Message, StringComparison.Ordinal);
        Assert.Contains("hidden size", Assert.Throws<ArgumentException>(() => new MinGru(Device, 2, 0)).Message, StringComparison.Ordinal);
    }

    private ScanRecurrent New(string name, int inputs, int layers, bool bidirectional)
    {
        ScanRecurrent layer = Make(name, inputs, layers, bidirectional);
        if (layer is MinGru or MinLstm) { AwayFromKinks(layer); }
        return layer;
    }

    /// <summary>Small weights around biases of ±2.5 in the candidate, half the units on either side of its kink at 0.</summary>
    private static void AwayFromKinks(ScanRecurrent layer)
    {
        foreach (Parameter parameter in layer.Parameters())
        {
            float[] values = parameter.ToArray();
            if (parameter.Name.StartsWith("bias", StringComparison.Ordinal)) { ((ReadOnlySpan<float>)[2.5f, -2.5f, 2.6f]).CopyTo(values.AsSpan(values.Length - 3)); }
            else { values = Array.ConvertAll(values, static value => 0.3f * value); }
            parameter.Load(values);
        }
    }

    private ScanRecurrent Make(string name, int inputs, int layers, bool bidirectional) => name switch
    {
        "minGRU" => new MinGru(Device, inputs, 3, layers, bidirectional),
        "minLSTM" => new MinLstm(Device, inputs, 3, layers, bidirectional),
        "SRU" => new Sru(Device, inputs, 3, layers, bidirectional),
        "QRNN" => new Qrnn(Device, inputs, 3, layers, bidirectional, window: 1),
        "QRNN of 2 steps" => new Qrnn(Device, inputs, 3, layers, bidirectional),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such layer"),
    };
}
