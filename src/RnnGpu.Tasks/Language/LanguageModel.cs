using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.Language;

/// <summary>
/// A language model over words or characters: the distribution of the next token at every step. An embedding, a stack of LSTM layers, and
/// a decoder that is the embedding itself (Press and Wolf 2017); between them dropout with one mask for a whole window (Gal and
/// Ghahramani 2016), and weight drop inside the recurrence (Merity et al. 2018).
/// </summary>
public sealed class LanguageModel : Module, IStreamable
{
    private readonly Embedding _embedding;
    private readonly LockedDropout _inputDropout;
    private readonly Lstm[] _layers;
    private readonly LockedDropout[] _dropouts;
    private readonly TiedDense _decoder;

    /// <summary>A new model.</summary>
    /// <param name="device">Where its parameters live; its seed decides their first values.</param>
    /// <param name="config">Sizes and dropout.</param>
    /// <param name="vocabulary">V: number of token ids.</param>
    public LanguageModel(Device device, LanguageConfig config, int vocabulary)
        : base(device)
    {
        _embedding = AddModule("embedding", new Embedding(device, vocabulary, config.Units, config.TokenDropout));
        new UniformInit(0.1f).Apply(_embedding.Weight);
        _inputDropout = AddModule("input_dropout", new LockedDropout(device, config.InputDropout));
        _layers = new Lstm[config.Layers];
        _dropouts = new LockedDropout[config.Layers];
        for (int i = 0; i < config.Layers; i++)
        {
            bool top = i == config.Layers - 1;
            _layers[i] = AddModule($"lstm{i}", new Lstm(device, config.Units, config.Units) { WeightDrop = config.WeightDrop });
            _layers[i].SetForgetGateBias(1f);
            _dropouts[i] = AddModule($"dropout{i}", new LockedDropout(device, top ? config.OutputDropout : config.LayerDropout));
        }

        _decoder = AddModule("decoder", new TiedDense(_embedding));
    }

    /// <summary>States of zeros for some texts side by side, one a layer.</summary>
    public RecurrentState[] NewState(int streams) => Array.ConvertAll(_layers, layer => layer.NewState(streams));

    /// <summary>A window of every text, continuing from the states, which move on. No gradient flows into the states.</summary>
    /// <param name="ids"><c>[T, B]</c> token ids.</param>
    /// <param name="states">Of B texts; overwritten.</param>
    /// <returns>Logits <c>[T, B, V]</c> of the tokens that follow.</returns>
    public Tensor Forward(Tensor ids, RecurrentState[] states)
    {
        Tensor x = Embed(ids);
        for (int i = 0; i < _layers.Length; i++) { x = _dropouts[i].Forward(_layers[i].Run(x, states[i]).Output); }
        return _decoder.Forward(x);
    }

    /// <summary>Whole texts, each from its start.</summary>
    /// <param name="ids"><c>[T, B]</c> token ids.</param>
    /// <param name="lengths">Integers <c>[B]</c>: steps of each text.</param>
    /// <returns>Logits <c>[T, B, V]</c>.</returns>
    public Tensor Forward(Tensor ids, Tensor lengths)
    {
        Tensor x = Embed(ids);
        for (int i = 0; i < _layers.Length; i++) { x = _dropouts[i].Forward(_layers[i].Run(x, lengths: lengths).Output); }
        return _decoder.Forward(x);
    }

    /// <inheritdoc/>
    public StreamFormat StreamFormat => new(DType.I32, Inputs: 1, Outputs: _embedding.Symbols, _embedding.Symbols);

    /// <summary>One token of every text, for writing.</summary>
    /// <param name="input"><c>[n]</c> token ids.</param>
    /// <param name="states">Of the texts.</param>
    /// <returns>Logits <c>[n, V]</c>.</returns>
    public Tensor Step(Tensor input, StreamStates states)
    {
        Tensor x = _embedding.Forward(input);
        foreach (Lstm layer in _layers) { x = layer.Step(x, states); }
        return _decoder.Forward(x);
    }

    private Tensor Embed(Tensor ids) => _inputDropout.Forward(_embedding.Forward(ids));
}
