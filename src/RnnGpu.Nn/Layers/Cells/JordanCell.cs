using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Jordan network (Jordan 1986): the recurrence goes through the output, so the state is what the network says and not what it
/// thinks, and a teacher can put the true output in its place.
/// <code>
/// h = tanh(W x + b_ih + U y + b_hh)
/// y' = V h + b_ho
/// </code>
/// State: y <c>[B, O]</c>. Parameters <c>weight_ih [H, I]</c>, <c>weight_hh [H, O]</c> (U), <c>weight_ho [O, H]</c> (V), <c>bias_ih</c>,
/// <c>bias_hh [H]</c>, <c>bias_ho [O]</c>, uniform within 1/sqrt(H) at first.
/// </summary>
public sealed class JordanCell : RecurrentCell
{
    private readonly Parameter _weightIh, _weightHh, _weightHo, _biasIh, _biasHh, _biasHo;
    private readonly Activation _activation;

    /// <summary>A cell.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    /// <param name="outputs">O.</param>
    /// <param name="activation">Applied to the output.</param>
    public JordanCell(Device device, int inputs, int hidden, int outputs, Activation activation = Activation.None)
        : base(device, inputs, outputs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hidden);
        _activation = activation;
        var initial = new UniformInit(1f / MathF.Sqrt(hidden));
        _weightIh = AddParameter("weight_ih", new Shape(hidden, inputs), initial);
        _weightHh = AddParameter("weight_hh", new Shape(hidden, outputs), initial);
        _weightHo = AddParameter("weight_ho", new Shape(outputs, hidden), initial);
        _biasIh = AddParameter("bias_ih", new Shape(hidden), initial);
        _biasHh = AddParameter("bias_hh", new Shape(hidden), initial);
        _biasHo = AddParameter("bias_ho", new Shape(outputs), initial);
    }

    /// <inheritdoc/>
    public override string Description => "Jordan network";

    /// <inheritdoc/>
    public override string StepwiseReason => "the fused loop has no recurrence through the output";

    /// <inheritdoc/>
    public override Tensor Project(Tensor input) => input.Linear(_weightIh, _biasIh);

    /// <inheritdoc/>
    public override void Step(Tensor projected, ref CellStates states)
    {
        Tensor h = (projected + states[0].Linear(_weightHh, _biasHh)).Tanh();
        states[0] = _activation.Apply(h.Linear(_weightHo, _biasHo));
    }
}
