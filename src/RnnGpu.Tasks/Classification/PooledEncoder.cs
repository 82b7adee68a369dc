using RnnGpu.Nn;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Classification;

/// <summary>The settings of a <see cref="PooledEncoder"/>.</summary>
public static class EncoderSettings
{
    /// <summary>Recurrent cell; <c>lstm-gru</c> is an LSTM layer under a GRU layer.</summary>
    public static readonly Setting<string> Cell = Setting.Word("cell", "gru", ["rnn", "lstm", "gru", "lstm-gru"], "Recurrent cell; lstm-gru is an LSTM layer under a GRU layer");

    /// <summary>H.</summary>
    public static readonly Setting<int> Hidden = Setting.Int("hidden", 64, 1, 1 << 14, "Units of each recurrent layer and direction");

    /// <summary>L.</summary>
    public static readonly Setting<int> Layers = Setting.Int("layers", 1, 1, 32, "Recurrent layers (of lstm-gru: of each cell)");

    /// <summary>Whether the sequence is read from both ends.</summary>
    public static readonly Setting<bool> Bidirectional = Setting.Flag("bidirectional", true, "Whether the sequence is read from both ends");

    /// <summary>What becomes of the steps.</summary>
    public static readonly Setting<string> Pool = Setting.Word(
        "pool", "max-mean", ["last", "max", "mean", "max-mean", "attention"], "What becomes of the steps: the final state, largest values, means, or a learned average");

    /// <summary>Dropout of the pooled features and between layers.</summary>
    public static readonly Setting<double> Dropout = Setting.Real("dropout", 0.3, 0, 0.95, "Dropout between recurrent layers and before the output");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } = [Cell, Hidden, Layers, Bidirectional, Pool, Dropout];
}

/// <summary>
/// A sequence of unequal length as one vector: recurrent layers, then pooling over time, <c>[T, B, F] -> [B, P]</c>. Recurrent weights start orthogonal, an
/// LSTM's forget gates at bias 1.
/// </summary>
public sealed class PooledEncoder : Module
{
    private readonly List<Recurrent> _layers = [];
    private readonly List<TimePooling> _pools = [];
    private readonly AdditiveAttention? _attention;
    private readonly Dropout _between;
    private readonly string _pool;

    /// <summary>An encoder.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">F.</param>
    /// <param name="settings">With values of <see cref="EncoderSettings"/>.</param>
    public PooledEncoder(Device device, int inputs, Settings settings)
        : base(device)
    {
        string cell = settings.Get(EncoderSettings.Cell);
        _pool = settings.Get(EncoderSettings.Pool);
        _between = AddModule("between", new Dropout(device, (float)settings.Get(EncoderSettings.Dropout)));
        foreach (string part in cell.Split('-'))
        {
            int size = _layers.Count == 0 ? inputs : _layers[^1].Spec.OutputSize;
            _layers.Add(AddModule(_layers.Count == 0 ? "rnn" : "rnn2", NewLayer(device, part, size, settings)));
        }

        int features = _layers[^1].Spec.OutputSize;
        if (_pool == "attention") { _attention = AddModule("attention", new AdditiveAttention(device, features, features)); }
        if (_pool.Contains("max", StringComparison.Ordinal)) { _pools.Add(AddModule("max", new TimePooling(device, Pooling.Max))); }
        if (_pool.Contains("mean", StringComparison.Ordinal)) { _pools.Add(AddModule("mean", new TimePooling(device, Pooling.Mean))); }
        Outputs = features * Math.Max(1, _pools.Count);
    }

    /// <summary>P.</summary>
    public int Outputs { get; }

    /// <summary>The pooled features.</summary>
    /// <param name="input"><c>[T, B, F]</c>.</param>
    /// <param name="lengths">Integers <c>[B]</c>.</param>
    public Tensor Forward(Tensor input, Tensor lengths)
    {
        if (_attention is not null) { return Attend(input, lengths).Context; }
        RecurrentOutput y = Run(input, lengths);
        return _pools.Count switch
        {
            0 => _layers[^1].Last(y.Hidden),
            1 => _pools[0].Forward(y.Output, lengths),
            _ => Tensor.Concat(1, _pools[0].Forward(y.Output, lengths), _pools[1].Forward(y.Output, lengths)),
        };
    }

    /// <summary>The pooled features with the weight of each step; for <c>--pool attention</c>.</summary>
    /// <inheritdoc cref="Forward(Tensor, Tensor)"/>
    /// <exception cref="InvalidOperationException">Another pooling.</exception>
    public AttentionOutput Attend(Tensor input, Tensor lengths) => _attention is null
        ? throw new InvalidOperationException($"--pool {_pool} has no weights of steps")
        : _attention.Attend(Run(input, lengths).Output, lengths);

    private static Recurrent NewLayer(Device device, string cell, int inputs, Settings settings)
    {
        int hidden = settings.Get(EncoderSettings.Hidden), layers = settings.Get(EncoderSettings.Layers);
        bool both = settings.Get(EncoderSettings.Bidirectional);
        float dropout = layers > 1 ? (float)settings.Get(EncoderSettings.Dropout) : 0f;
        Recurrent layer = cell switch
        {
            "lstm" => new Lstm(device, inputs, hidden, layers, both, dropout),
            "gru" => new Gru(device, inputs, hidden, layers, both, dropout),
            _ => new Elman(device, inputs, hidden, layers, both, dropout),
        };
        layer.InitRecurrentWeights(new OrthogonalInit());
        if (layer is Lstm lstm) { lstm.SetForgetGateBias(1f); }
        return layer;
    }

    private RecurrentOutput Run(Tensor input, Tensor lengths)
    {
        RecurrentOutput y = default;
        for (int i = 0; i < _layers.Count; i++)
        {
            Tensor x = i == 0 ? input : _between.Forward(y.Output);
            y = _layers[i].Run(x, lengths: lengths, outputs: i < _layers.Count - 1 || _pool != "last");
        }

        return y;
    }
}
