using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Gated recurrent unit over tensor operations, reset after the product (<see cref="GruResetAfterCell"/>), for wrappers such as
/// <see cref="Zoneout"/> that the fused loop does not have. Gate order r z n, parameters as in PyTorch, uniform within 1/sqrt(H) at first:
/// <code>
/// r = sigmoid(W_r x + b_ir + R_r h + b_hr)   z = sigmoid(W_z x + b_iz + R_z h + b_hz)
/// n = tanh(W_n x + b_in + r (R_n h + b_hn))
/// h' = n + z (h - n)
/// </code>
/// </summary>
public sealed class GruVariantCell : RecurrentCell
{
    private readonly Parameter _weightIh, _weightHh, _biasIh, _biasHh;
    private readonly int _hidden;

    /// <summary>A cell.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="hidden">H.</param>
    public GruVariantCell(Device device, int inputs, int hidden)
        : base(device, inputs, hidden)
    {
        _hidden = hidden;
        var initial = new UniformInit(1f / MathF.Sqrt(hidden));
        _weightIh = AddParameter("weight_ih", new Shape(3 * hidden, inputs), initial);
        _weightHh = AddParameter("weight_hh", new Shape(3 * hidden, hidden), initial);
        _biasIh = AddParameter("bias_ih", new Shape(3 * hidden), initial);
        _biasHh = AddParameter("bias_hh", new Shape(3 * hidden), initial);
    }

    /// <inheritdoc/>
    public override string Description => "GRU";

    /// <inheritdoc/>
    public override string StepwiseReason => "it is a GRU written over tensor operations; the layer Gru runs it in the fused loop";

    /// <inheritdoc/>
    public override Tensor Project(Tensor input) => input.Linear(_weightIh, _biasIh);

    /// <inheritdoc/>
    public override void Step(Tensor projected, ref CellStates states)
    {
        Tensor h = states[0], q = h.Linear(_weightHh, _biasHh);
        Tensor gates = (projected.Slice(-1, 0, 2 * _hidden) + q.Slice(-1, 0, 2 * _hidden)).Sigmoid();
        Tensor r = gates.Slice(-1, 0, _hidden), z = gates.Slice(-1, _hidden, _hidden);
        Tensor n = (projected.Slice(-1, 2 * _hidden, _hidden) + (r * q.Slice(-1, 2 * _hidden, _hidden))).Tanh();
        states[0] = n + (z * (h - n));
    }
}
