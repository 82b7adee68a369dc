using RnnGpu.Core;

namespace RnnGpu.Nn;

public sealed partial class Sequential : IStreamable
{
    /// <inheritdoc/>
    public StreamFormat StreamFormat
    {
        get
        {
            if (Modules.Count == 0) { throw new InvalidOperationException("the model has no layers"); }
            StreamFormat? input = null;
            int features = 0;
            for (int i = 0; i < Modules.Count; i++)
            {
                Module layer = Modules[i].Value;
                if (FormatOf(layer, i) is { } format)
                {
                    input ??= format;
                    if (i > 0 && features > 0 && (format.Input != DType.F32 || format.Inputs != features))
                    {
                        throw new InvalidOperationException($"layer {i} ({Title(layer)}) takes {Takes(format)} a step, but the layer before it makes {features} features");
                    }

                    features = format.Outputs;
                }
                else if (features > 0) { features = LayerShape(i, new Shape(1, features)).Columns; }
            }

            return input is { } first
                ? first with { Outputs = features }
                : throw new InvalidOperationException("none of the model's layers says how many features a step has");
        }
    }

    /// <summary>One step of n streams through all layers. A layer that returns its final state only gives that of the stream so far.</summary>
    /// <inheritdoc/>
    public Tensor Step(Tensor input, StreamStates states)
    {
        Tensor x = input;
        for (int i = 0; i < Modules.Count; i++)
        {
            Module layer = Modules[i].Value;
            Tensor y = layer switch
            {
                IStreamable streamable => streamable.Step(x, states),
                TimeDistributed each => each.Inner.Forward(x),

                // In evaluation mode it does nothing, but its rows are sequences.
                LockedDropout => x,
                _ => layer.Forward(x),
            };
            if (x != y && x != input) { x.Release(); }
            x = y;
        }

        return x;
    }

    /// <summary>What a layer takes and makes at every step; null where it keeps to what it gets, or says so by its output's shape only.</summary>
    /// <exception cref="InvalidOperationException">A layer that needs more than one step at a time.</exception>
    private static StreamFormat? FormatOf(Module layer, int index)
    {
        try
        {
            switch (layer)
            {
                case IStreamable streamable: return streamable.StreamFormat;
                case TimeDistributed each when each.IsPointwise: return FormatOf(each.Inner, index);
                case Embedding embedding: return new StreamFormat(DType.I32, 1, embedding.Size, embedding.Symbols);
                case Dense dense: return new StreamFormat(DType.F32, dense.Inputs, dense.Outputs);
                case TiedDense tied: return new StreamFormat(DType.F32, tied.Weight.Shape[1], tied.Weight.Shape[0]);
                case LayerNorm norm: return new StreamFormat(DType.F32, norm.Weight.Shape[0], norm.Weight.Shape[0]);
                case LockedDropout: return null;
            }
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidOperationException($"layer {index} ({Title(layer)}) does not let the model stream: {e.Message}", e);
        }

        return layer.IsPointwise
            ? null
            : throw new InvalidOperationException($"layer {index} ({Title(layer)}) does not let the model stream: it works on whole sequences");
    }

    private static string Takes(StreamFormat format) => format.Input == DType.I32 ? "a symbol" : $"{format.Inputs} features";
}
