using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Long short-term memory with the options that the fused loop does not have: peephole connections (Gers and Schmidhuber 2000: the gates
/// see the cell state, each unit its own) and a projection of the output (Sak et al. 2014, PyTorch's <c>proj_size</c>). Gate order i f g o:
/// <code>
/// i = sigmoid(W_i x + R_i h + b_i + p_i c)   f = sigmoid(W_f x + R_f h + b_f + p_f c)   g = tanh(W_g x + R_g h + b_g)
/// c' = f c + i g
/// o = sigmoid(W_o x + R_o h + b_o + p_o c')
/// h' = W_hr (o tanh c')
/// </code>
/// States: h <c>[B, P]</c>, P = H without projection, and c <c>[B, H]</c>. Parameters as in PyTorch: <c>weight_ih [4H, I]</c>,
/// <c>weight_hh [4H, P]</c>, <c>bias_ih</c> and <c>bias_hh [4H]</c>, <c>weight_hr [P, H]</c>; and <c>weight_ci</c>, <c>weight_cf</c>,
/// <c>weight_co [H]</c> for p_i, p_f, p_o (Graves 2013's names). All uniform within 1/sqrt(H) at first.
/// </summary>
public sealed class LstmVariantCell : RecurrentCell
{
    private readonly Parameter _weightIh, _weightHh;
    private readonly Parameter? _biasIh, _biasHh, _weightHr, _weightCi, _weightCf, _weightCo;

    /// <summary>A cell.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="peepholes">Whether the gates see the cell state.</param>
    /// <param name="projection">P, below H; 0 for none.</param>
    /// <param name="bias">Whether there are biases.</param>
    /// <exception cref="ArgumentException">Sizes that the cell cannot have.</exception>
    public LstmVariantCell(Device device, int inputs, int hidden, bool peepholes = false, int projection = 0, bool bias = true)
        : base(device, inputs, projection == 0 ? hidden : projection, hidden)
    {
        if (projection < 0 || projection >= hidden)
        {
            throw new ArgumentException($"an LSTM of {hidden} units projects to 1 to {hidden - 1} features, or 0 for no projection, not {projection}", nameof(projection));
        }

        (Hidden, Peepholes, Projection) = (hidden, peepholes, projection);
        var initial = new UniformInit(1f / MathF.Sqrt(hidden));
        _weightIh = AddParameter("weight_ih", new Shape(4 * hidden, inputs), initial);
        _weightHh = AddParameter("weight_hh", new Shape(4 * hidden, OutputSize), initial);
        if (bias)
        {
            _biasIh = AddParameter("bias_ih", new Shape(4 * hidden), initial);
            _biasHh = AddParameter("bias_hh", new Shape(4 * hidden), initial);
        }

        if (projection > 0) { _weightHr = AddParameter("weight_hr", new Shape(projection, hidden), initial); }
        if (!peepholes) { return; }
        _weightCi = AddParameter("weight_ci", new Shape(hidden), initial);
        _weightCf = AddParameter("weight_cf", new Shape(hidden), initial);
        _weightCo = AddParameter("weight_co", new Shape(hidden), initial);
    }

    /// <summary>H.</summary>
    public int Hidden { get; }

    /// <summary>Whether the gates see the cell state.</summary>
    public bool Peepholes { get; }

    /// <summary>P, or 0.</summary>
    public int Projection { get; }

    /// <inheritdoc/>
    public override string Description => (Peepholes, Projection) switch
    {
        (false, 0) => "LSTM",
        (true, 0) => "LSTM with peepholes",
        (false, _) => $"LSTM with projection to {Projection}",
        _ => $"LSTM with peepholes and projection to {Projection}",
    };

    /// <inheritdoc/>
    public override string StepwiseReason => (Peepholes, Projection) switch
    {
        (false, 0) => "it is an LSTM written over tensor operations; the layer Lstm runs it in the fused loop",
        (true, 0) => "the fused loop has no peepholes",
        (false, _) => "the fused loop has no projection",
        _ => "the fused loop has neither peepholes nor projection",
    };

    /// <inheritdoc/>
    public override Tensor Project(Tensor input) => input.Linear(_weightIh, Optional(_biasIh));

    /// <inheritdoc/>
    public override void Step(Tensor projected, ref CellStates states)
    {
        Tensor h = states[0], c = states[1];
        Tensor a = projected + h.Linear(_weightHh, Optional(_biasHh));
        Tensor i = Gate(a, 0, _weightCi, c).Sigmoid();
        Tensor f = Gate(a, 1, _weightCf, c).Sigmoid();
        Tensor g = a.Slice(-1, 2 * Hidden, Hidden).Tanh();
        c = (f * c) + (i * g);
        Tensor o = Gate(a, 3, _weightCo, c).Sigmoid();
        h = o * c.Tanh();
        states[0] = _weightHr is null ? h : h.Linear(_weightHr);
        states[1] = c;
    }

    private Tensor Gate(Tensor a, int gate, Parameter? peephole, Tensor c)
    {
        Tensor block = a.Slice(-1, gate * Hidden, Hidden);
        return peephole is null ? block : block + (c * peephole.Value);
    }

    private static Tensor Optional(Parameter? parameter) => parameter is null ? default : parameter.Value;
}
