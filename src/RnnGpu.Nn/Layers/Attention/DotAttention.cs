using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Dot-product attention: <c>score(x_t, q) = x_t . q</c> (Luong et al. 2015), divided by the root of F when scaled (Vaswani et al. 2017). The query is given,
/// or a parameter <c>query [1, F]</c> of the layer, which then pools.
/// </summary>
public sealed class DotAttention : TimeAttention
{
    private readonly Parameter? _query;
    private readonly float _scale;

    /// <summary>An attention.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">F.</param>
    /// <param name="scaled">Whether scores are divided by the root of F.</param>
    /// <param name="learnedQuery">Whether the query is a parameter; else it is given.</param>
    public DotAttention(Device device, int inputs, bool scaled = true, bool learnedQuery = true)
        : base(device, inputs)
    {
        Scaled = scaled;
        _scale = scaled ? 1f / MathF.Sqrt(inputs) : 1f;
        if (!learnedQuery) { return; }
        _query = AddParameter("query", new Shape(1, inputs));
        new UniformInit(1f / MathF.Sqrt(inputs)).Apply(_query);
    }

    /// <summary>Whether scores are divided by the root of F.</summary>
    public bool Scaled { get; }

    private protected override Tensor Scores(Tensor values, Tensor query)
    {
        CheckQuery(query, values.Shape[1], _query is null ? Inputs : 0, nameof(DotAttention));
        Tensor scores = _query is null ? (values * query).Sum(-1) : values.Linear(_query);
        return scores * _scale;
    }
}
