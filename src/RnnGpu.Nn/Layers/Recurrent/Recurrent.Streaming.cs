using RnnGpu.Core;

namespace RnnGpu.Nn;

public abstract partial class Recurrent : IStreamable
{
    /// <inheritdoc/>
    public StreamFormat StreamFormat => Spec.Bidirectional ? throw CannotStream() : new StreamFormat(DType.F32, Spec.InputSize, Spec.OutputSize);

    /// <summary>One step of n streams: the top layer's new states, whatever <see cref="ReturnSequences"/> says.</summary>
    /// <param name="input"><c>[n, I]</c>.</param>
    /// <param name="states">Of a model with this layer.</param>
    /// <returns><c>[n, H]</c>.</returns>
    /// <exception cref="ArgumentException">An input that does not fit, states of another model.</exception>
    /// <exception cref="InvalidOperationException">The layer took this step already.</exception>
    public Tensor Step(Tensor input, StreamStates states)
    {
        ArgumentNullException.ThrowIfNull(states);
        TensorSlot x = input.Float(nameof(Step));
        if (x.Shape != new Shape(states.Rows, Spec.InputSize))
        {
            throw new ArgumentException($"{_name}.Step takes [{states.Rows}, {Spec.InputSize}] in this step, not {x.Shape}");
        }

        var stream = (RecurrentStream)states.Enter(this);
        _plans.UsePresent(stream.Plan);
        Tensor y = Device.NewTensor(new Shape(states.Rows, Spec.OutputSize));
        stream.Step(x.View, states, y.View);
        return y;
    }

    /// <summary>The plan of single steps; <see cref="RecurrentPlans.UsePresent"/> is called before each.</summary>
    internal RnnPlan StepPlan(int batch) => Spec.Bidirectional ? throw CannotStream() : Plan(1, batch, training: false, inputGradient: false);

    private static InvalidOperationException CannotStream() =>
        new("a bidirectional layer reads the sequence from its end too: it cannot run step by step");
}
