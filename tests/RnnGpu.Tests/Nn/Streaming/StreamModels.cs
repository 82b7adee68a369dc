using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tests.Nn.Streaming;

/// <summary>Models for tests of streaming, in evaluation mode, and what they make of whole sequences.</summary>
internal static class StreamModels
{
    public const int Inputs = 5, Hidden = 17, Symbols = 11;

    /// <summary>Layers of every cell, two deep.</summary>
    public static Recurrent Layer(Device device, CellKind cell)
    {
        Recurrent layer = cell switch
        {
            CellKind.Lstm => new Lstm(device, Inputs, Hidden, layers: 2),
            CellKind.GruResetAfter => new Gru(device, Inputs, Hidden, layers: 2),
            CellKind.GruResetBefore => new Gru(device, Inputs, Hidden, layers: 2, resetAfter: false),
            CellKind.ElmanRelu => new Elman(device, Inputs, Hidden, layers: 2, nonlinearity: Nonlinearity.Relu),
            _ => new Elman(device, Inputs, Hidden, layers: 2),
        };
        layer.Eval();
        return layer;
    }

    /// <summary>Symbols to probabilities, through every kind of layer that streams.</summary>
    public static Sequential Chain(Device device)
    {
        var model = new Sequential(
            device,
            new Embedding(device, Symbols, 6, dropout: 0.2f),
            new LockedDropout(device, 0.3f),
            new Lstm(device, 6, 9, layers: 2, dropout: 0.3f),
            new Dropout(device, 0.3f),
            new TimeDistributed(new Dense(device, 9, 7, Activation.Tanh)),
            new LayerNorm(device, 7),
            new CellStack(device, (home, size) => new GruVariantCell(home, size, 8), 7),
            new Sequential(device, new Gru(device, 8, 4), new ActivationLayer(device, Activation.Relu)),
            new Dense(device, 4, Symbols, Activation.Softmax));
        model.Eval();
        return model;
    }

    /// <summary>Inputs of one stream, <c>[T, I]</c>.</summary>
    public static float[] Sequence(int steps, uint site) => GradientCheck.Values(new Shape(steps, Inputs), site);

    /// <summary>What a model makes of one sequence at once, <c>[T, O]</c>.</summary>
    public static float[] Whole(Module model, float[] x)
    {
        using NoGradScope scope = model.Device.NoGrad();
        return model.Forward(model.Device.Tensor(x, new Shape(x.Length / Inputs, 1, Inputs))).ToArray();
    }

    /// <inheritdoc cref="Whole(Module, float[])"/>
    public static float[] Whole(Module model, int[] ids)
    {
        using NoGradScope scope = model.Device.NoGrad();
        return model.Forward(model.Device.Tensor(ids, new Shape(ids.Length, 1))).ToArray();
    }
}
