using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Layers one after another, trained and used with plain arrays:
/// <code>
/// var model = new Sequential(device, new Lstm(device, 1, 32, returnSequences: false), new Dense(device, 32, 1));
/// model.Compile(new Adam(model, 1e-2f), new Mse());
/// model.Fit(x, y, batchSize: 32, epochs: 20);
/// Samples forecast = model.Predict(x);
/// </code>
/// Arrays have samples first; inside, sequences are time-major <c>[T, B, ..]</c>. Floats with three axes or more, and integers
/// with two or more, are sequences. Parameters are named as in PyTorch's <c>nn.Sequential</c>: <c>0.weight_ih_l0</c>.
/// </summary>
public sealed partial class Sequential : Module
{
    /// <summary>A model of some layers; more can be added.</summary>
    public Sequential(Device device, params ReadOnlySpan<Module> layers)
        : base(device)
    {
        foreach (Module layer in layers) { Add(layer); }
    }

    /// <summary>Adds a layer at the end, which belongs to the model from now on. To be done before <see cref="Compile"/>.</summary>
    /// <returns>This model.</returns>
    public Sequential Add(Module layer)
    {
        if (_optimizer is not null) { throw new InvalidOperationException("the model is compiled: add all layers before Compile"); }
        AddModule($"{Modules.Count}", layer);
        return this;
    }

    /// <summary>All layers in their order.</summary>
    /// <exception cref="ArgumentException">An input that a layer cannot take; the message names the layer.</exception>
    public override Tensor Forward(Tensor input)
    {
        Tensor x = input;
        for (int i = 0; i < Modules.Count; i++)
        {
            Module layer = Modules[i].Value;
            Tensor y;
            try
            {
                y = layer.Forward(x);
            }
            catch (ArgumentException e)
            {
                throw Misfit(i, x.Shape, e);
            }

            if (x != y && x != input) { x.Release(); }
            x = y;
        }

        return x;
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        Shape shape = input;
        for (int i = 0; i < Modules.Count; i++) { shape = LayerShape(i, shape); }
        return shape;
    }

    /// <summary>Kind of a layer; of one around another, such as TimeDistributed, both.</summary>
    private static string Title(Module layer)
    {
        string name = layer.GetType().Name;
        return layer.Modules is [{ Key: "module", Value: { } inner }] ? $"{name}({Title(inner)})" : name;
    }

    private Shape LayerShape(int index, Shape input)
    {
        try
        {
            return Modules[index].Value.OutputShape(input);
        }
        catch (ArgumentException e)
        {
            throw Misfit(index, input, e);
        }
    }

    private ArgumentException Misfit(int index, Shape input, ArgumentException e) =>
        new($"layer {index} ({Title(Modules[index].Value)}) cannot take {input}: {e.Message}", e);

    /// <summary>
    /// Whether the model's output for a batch is <c>[T, B, ..]</c> or <c>[B, ..]</c>: the axis that follows the size of the batch tells.
    /// </summary>
    private bool OutputsSequences(Shape samples, bool sequences)
    {
        Shape three = OutputShape(SampleBuffer.ShapeOf(samples, sequences, 3)), five = OutputShape(SampleBuffer.ShapeOf(samples, sequences, 5));
        if (three.Rank > 1 && three[0] == five[0] && three[1] == 3 && five[1] == 5) { return true; }
        if (three.Rank > 0 && three[0] == 3 && five[0] == 5) { return false; }
        throw new ArgumentException(
            $"the model makes {three} of a batch of 3 and {five} of a batch of 5: samples must stay on the first axis, or on the second behind time");
    }
}
