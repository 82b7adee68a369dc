using RnnGpu.Nn;

namespace RnnGpu.Tasks.WordLm;

/// <summary>
/// A word language model: the distribution of the next word at every step. An embedding, a stack of LSTM layers with one dropout
/// mask for a whole window between them (Gal and Ghahramani 2016; Merity et al. 2018), and a decoder that is the embedding
/// itself (Press and Wolf 2017).
/// </summary>
public sealed class WordModel : Module
{
    private readonly Embedding _embedding;
    private readonly LockedDropout _inputDropout;
    private readonly Lstm[] _layers;
    private readonly LockedDropout[] _dropouts;
    private readonly TiedDense _decoder;

    /// <summary>A new model.</summary>
    /// <param name="device">Where its parameters live; its seed decides their first values.</param>
    /// <param name="config">Sizes and dropout.</param>
    /// <param name="vocabulary">V: number of word ids.</param>
    public WordModel(Device device, WordModelConfig config, int vocabulary)
        : base(device)
    {
        Config = config;
        _embedding = AddModule("embedding", new Embedding(device, vocabulary, config.Size, config.WordDropout));
        new UniformInit(0.1f).Apply(_embedding.Weight);
        _inputDropout = AddModule("input_dropout", new LockedDropout(device, config.InputDropout));
        _layers = new Lstm[config.Layers];
        _dropouts = new LockedDropout[config.Layers];
        for (int i = 0; i < config.Layers; i++)
        {
            bool top = i == config.Layers - 1;
            _layers[i] = AddModule($"lstm{i}", new Lstm(device, config.Size, config.Size));
            _layers[i].SetForgetGateBias(1f);
            _dropouts[i] = AddModule($"dropout{i}", new LockedDropout(device, top ? config.OutputDropout : config.LayerDropout));
        }

        _decoder = AddModule("decoder", new TiedDense(_embedding));
    }

    /// <summary>Sizes and dropout.</summary>
    public WordModelConfig Config { get; }

    /// <summary>States of zeros for some streams of text, one a layer.</summary>
    public RecurrentState[] NewState(int streams) => Array.ConvertAll(_layers, layer => layer.NewState(streams));

    /// <summary>A window of text of every stream, continuing from the states, which move on.</summary>
    /// <param name="ids"><c>[T, B]</c> word ids.</param>
    /// <param name="state">Of B streams; overwritten.</param>
    /// <returns>Logits <c>[T, B, V]</c>.</returns>
    public Tensor Forward(Tensor ids, RecurrentState[] state)
    {
        Tensor x = _inputDropout.Forward(_embedding.Forward(ids));
        for (int i = 0; i < _layers.Length; i++)
        {
            x = _dropouts[i].Forward(_layers[i].Run(x, state[i]).Output);
        }

        return _decoder.Forward(x);
    }
}
