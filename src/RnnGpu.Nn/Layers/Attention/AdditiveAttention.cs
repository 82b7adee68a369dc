namespace RnnGpu.Nn;

/// <summary>
/// Additive attention (Bahdanau et al. 2015): <c>score(x_t, q) = v . tanh(W x_t + b + U q)</c>. Without U q, that is with v as the only query, it pools
/// as in hierarchical attention networks (Yang et al. 2016). Parameters: <c>values.weight [A, F]</c>, <c>values.bias [A]</c>,
/// <c>query.weight [A, Q]</c>, <c>score.weight [1, A]</c>.
/// </summary>
public sealed class AdditiveAttention : TimeAttention
{
    private readonly Dense _values;
    private readonly Dense? _query;
    private readonly Dense _score;

    /// <summary>An attention.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">F.</param>
    /// <param name="units">A.</param>
    /// <param name="queryInputs">Q; 0: no query is given, the layer pools.</param>
    public AdditiveAttention(Device device, int inputs, int units, int queryInputs = 0)
        : base(device, inputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(queryInputs);
        QueryInputs = queryInputs;
        _values = AddModule("values", new Dense(device, inputs, units, queryInputs == 0 ? Activation.Tanh : Activation.None));
        if (queryInputs > 0) { _query = AddModule("query", new Dense(device, queryInputs, units, bias: false)); }
        _score = AddModule("score", new Dense(device, units, 1, bias: false));
    }

    /// <summary>Q, or 0.</summary>
    public int QueryInputs { get; }

    private protected override Tensor Scores(Tensor values, Tensor query)
    {
        CheckQuery(query, values.Shape[1], QueryInputs, nameof(AdditiveAttention));
        Tensor hidden = _values.Forward(values);
        return _score.Forward(_query is null ? hidden : (hidden + _query.Forward(query)).Tanh());
    }
}
