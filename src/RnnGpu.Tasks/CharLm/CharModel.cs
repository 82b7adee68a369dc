using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.CharLm;

/// <summary>
/// A character language model: <c>logits = output(dropout(rnn(dropout(embedding(x)))))</c>, the distribution of the next character
/// at every step. Recurrent weights start orthogonal, each gate's block by itself; an LSTM's forget gates start at bias 1.
/// </summary>
public sealed class CharModel : Module, IStreamable
{
    private readonly Embedding _embedding;
    private readonly Dropout _inputDropout;
    private readonly Recurrent _rnn;
    private readonly Dropout _outputDropout;
    private readonly Dense _output;

    /// <summary>A new model.</summary>
    /// <param name="device">Where its parameters live; its seed decides their first values.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="vocabulary">V: number of character ids.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size out of range.</exception>
    public CharModel(Device device, CharModelConfig config, int vocabulary)
        : base(device)
    {
        config.Validate();
        Config = config;
        Vocabulary = vocabulary;
        _embedding = AddModule("embedding", new Embedding(device, vocabulary, config.Embedding));
        _inputDropout = AddModule("input_dropout", new Dropout(device, config.Dropout));
        _rnn = AddModule("rnn", NewRecurrent(device, config));
        _outputDropout = AddModule("output_dropout", new Dropout(device, config.Dropout));
        _output = AddModule("output", new Dense(device, config.Hidden, vocabulary));
        _rnn.InitRecurrentWeights(new OrthogonalInit());
        if (_rnn is Lstm lstm) { lstm.SetForgetGateBias(1f); }
    }

    /// <summary>Sizes.</summary>
    public CharModelConfig Config { get; }

    /// <summary>V.</summary>
    public int Vocabulary { get; }

    /// <summary>A state of zeros for some streams of text.</summary>
    public RecurrentState NewState(int streams) => _rnn.NewState(streams);

    /// <summary>A window of text of every stream, continuing from the state, which moves on. No gradient flows into the state.</summary>
    /// <param name="ids"><c>[T, B]</c> character ids.</param>
    /// <param name="state">Of B streams; overwritten.</param>
    /// <returns>Logits <c>[T, B, V]</c>.</returns>
    public Tensor Forward(Tensor ids, RecurrentState state)
    {
        Tensor x = _inputDropout.Forward(_embedding.Forward(ids));
        RecurrentOutput y = _rnn.Run(x, state);
        return _output.Forward(_outputDropout.Forward(y.Output));
    }

    /// <inheritdoc/>
    public StreamFormat StreamFormat => new(DType.I32, Inputs: 1, Outputs: Vocabulary, Symbols: Vocabulary);

    /// <summary>One character of every stream, for writing text.</summary>
    /// <param name="input"><c>[n]</c> character ids.</param>
    /// <param name="states">Of the streams.</param>
    /// <returns>Logits <c>[n, V]</c>.</returns>
    public Tensor Step(Tensor input, StreamStates states) => _output.Forward(_rnn.Step(_embedding.Forward(input), states));

    private static Recurrent NewRecurrent(Device device, CharModelConfig config)
    {
        (int inputs, int hidden, int layers, float dropout) = (config.Embedding, config.Hidden, config.Layers, config.Dropout);
        return config.Cell switch
        {
            CellKind.Lstm => new Lstm(device, inputs, hidden, layers, dropout: dropout),
            CellKind.GruResetAfter => new Gru(device, inputs, hidden, layers, dropout: dropout),
            CellKind.GruResetBefore => new Gru(device, inputs, hidden, layers, dropout: dropout, resetAfter: false),
            CellKind.ElmanRelu => new Elman(device, inputs, hidden, layers, dropout: dropout, nonlinearity: Nonlinearity.Relu),
            _ => new Elman(device, inputs, hidden, layers, dropout: dropout),
        };
    }
}
