using RnnGpu.Core;

namespace RnnGpu.Nn;

public partial class CellStack : IStreamable
{
    /// <inheritdoc/>
    public StreamFormat StreamFormat => Directions == 2 ? throw CannotStream() : new StreamFormat(DType.F32, _cells[0].InputSize, OutputSize);

    /// <summary>One step of n streams: the top layer's new outputs, whatever <see cref="ReturnSequences"/> says.</summary>
    /// <param name="input"><c>[n, I]</c>.</param>
    /// <param name="states">Of a model with this stack.</param>
    /// <returns><c>[n, S]</c>.</returns>
    /// <exception cref="ArgumentException">An input that does not fit, states of another model.</exception>
    /// <exception cref="InvalidOperationException">The stack took this step already.</exception>
    public Tensor Step(Tensor input, StreamStates states)
    {
        ArgumentNullException.ThrowIfNull(states);
        TensorSlot x = input.Float(nameof(Step));
        if (x.Shape != new Shape(states.Rows, _cells[0].InputSize))
        {
            throw new ArgumentException($"{_name}.Step takes [{states.Rows}, {_cells[0].InputSize}] in this step, not {x.Shape}");
        }

        return ((CellStackStream)states.Enter(this)).Step(input, states);
    }

    internal static InvalidOperationException CannotStream() =>
        new("a bidirectional stack reads the sequence from its end too: it cannot run step by step");
}
