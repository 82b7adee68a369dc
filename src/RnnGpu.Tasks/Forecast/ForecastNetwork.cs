using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Forecast;

/// <summary>
/// An LSTM or GRU over the history, and an output that sees the last row too, so that what is linear in it need not be learned by
/// the cells: <c>y = V dropout(rnn(x)) + U x + b</c>.
/// </summary>
internal sealed class ForecastNetwork : Module
{
    private readonly Recurrent _rnn;
    private readonly Dropout _dropout;
    private readonly Dense _output, _direct;

    /// <summary>A network.</summary>
    /// <param name="device">Where it lives.</param>
    /// <param name="settings">Cell, sizes, dropout.</param>
    /// <param name="features">F.</param>
    /// <param name="outputs">O.</param>
    public ForecastNetwork(Device device, Settings settings, int features, int outputs)
        : base(device)
    {
        int hidden = settings.Get(ForecastSettings.Hidden), layers = settings.Get(ForecastSettings.Layers);
        float dropout = (float)settings.Get(ForecastSettings.Dropout);
        _rnn = AddModule<Recurrent>("rnn", settings.Get(ForecastSettings.Cell) == "gru"
            ? new Gru(device, features, hidden, layers, dropout: dropout)
            : new Lstm(device, features, hidden, layers, dropout: dropout));
        _rnn.InitRecurrentWeights(new OrthogonalInit());
        if (_rnn is Lstm lstm) { lstm.SetForgetGateBias(1f); }
        _dropout = AddModule("dropout", new Dropout(device, dropout));
        _output = AddModule("output", new Dense(device, hidden, outputs));
        _direct = AddModule("direct", new Dense(device, features, outputs, bias: false));
    }

    /// <summary>A forecast after every step: <c>[T, B, F] -> [T, B, O]</c>.</summary>
    public override Tensor Forward(Tensor input) => _output.Forward(_dropout.Forward(_rnn.Forward(input))) + _direct.Forward(input);

    /// <summary>A forecast after each row's last step: <c>[T, B, F] -> [B, O]</c>.</summary>
    /// <param name="input"><c>[T, B, F]</c>.</param>
    /// <param name="last"><c>[B, F]</c>: each row's last step.</param>
    /// <param name="lengths"><c>[B]</c>.</param>
    public Tensor Last(Tensor input, Tensor last, Tensor lengths)
    {
        RecurrentOutput state = _rnn.Run(input, lengths: lengths, outputs: false);
        return _output.Forward(_rnn.Last(state.Hidden)) + _direct.Forward(last);
    }
}
