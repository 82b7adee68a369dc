using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A stack of recurrent layers whose recurrence is diagonal, one or two directions: <c>[T, B, I] -> [T, B, D*H]</c>. A layer is one product for the gates of all
/// steps and one scan over time (<see cref="IBackend.ScanForward"/>), which computes activations, recurrence and outputs in one pass over memory.
/// Parameters of a layer and direction: <c>weight_ih_l0 [G*H, I]</c>, <c>bias_ih_l0 [G*H]</c>, <c>.._l0_reverse</c>, <c>.._l1</c> and so on, uniform within
/// 1/sqrt(I) at first.
/// </summary>
public abstract partial class ScanRecurrent : Module
{
    private readonly ScanDirection[] _directions;
    private readonly Dropout _dropout;
    private readonly string _name;

    private protected ScanRecurrent(
        Device device, ScanCellKind cell, int inputs, int hidden, int layers, bool bidirectional, float dropout, bool bias, bool returnSequences, int window = 1)
        : base(device)
    {
        Require(inputs is > 0 and <= RnnSpec.MaxSize, "input size", inputs, RnnSpec.MaxSize);
        Require(hidden is > 0 and <= RnnSpec.MaxSize, "hidden size", hidden, RnnSpec.MaxSize);
        Require(layers is > 0 and <= RnnSpec.MaxLayers, "number of layers", layers, RnnSpec.MaxLayers);
        Require(window is 1 or 2, "window", window, 2);
        _name = GetType().Name;
        (Cell, InputSize, HiddenSize, Layers, Directions, Window) = (cell, inputs, hidden, layers, bidirectional ? 2 : 1, window);
        ReturnSequences = returnSequences;
        _directions = new ScanDirection[layers * Directions];
        for (int i = 0; i < _directions.Length; i++) { _directions[i] = NewDirection(i / Directions, i % Directions == 1, bias); }
        _dropout = AddModule("dropout", new Dropout(device, dropout));
    }

    /// <summary>Parameters of a layer in one direction.</summary>
    private readonly record struct ScanDirection(Parameter WeightIh, Parameter? BiasIh, Parameter? WeightC, bool HasHighway);

    /// <summary>Cell.</summary>
    public ScanCellKind Cell { get; }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>H.</summary>
    public int HiddenSize { get; }

    /// <summary>L.</summary>
    public int Layers { get; }

    /// <summary>D: 1 or 2.</summary>
    public int Directions { get; }

    /// <summary>Steps of the input that a step's gates see.</summary>
    private protected int Window { get; }

    /// <summary>D*H: features of the output.</summary>
    public int OutputSize => Directions * HiddenSize;

    /// <summary>
    /// Whether <see cref="Forward"/> returns the outputs of all steps <c>[T, B, D*H]</c>, or the top layer's final state <c>[B, D*H]</c> only.
    /// </summary>
    public bool ReturnSequences { get; }

    /// <summary>States of zeros <c>[L*D, B, H]</c> for <paramref name="batch"/> sequences side by side; the caller's until <see cref="Tensor.Release"/>.</summary>
    public Tensor NewState(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return Device.PersistentZeros(new Shape(_directions.Length, batch, HiddenSize));
    }

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        return ReturnSequences ? input.WithColumns(OutputSize) : new Shape(input[1], OutputSize);
    }

    private ScanDirection NewDirection(int layer, bool reverse, bool bias)
    {
        int size = layer == 0 ? InputSize : OutputSize;
        bool sru = Cell == ScanCellKind.Sru, highway = sru && size == HiddenSize;
        int rows = (Layouts.Gates(Cell) + (sru && !highway ? 1 : 0)) * HiddenSize;
        var initial = new UniformInit(1f / MathF.Sqrt(Window * size));
        Parameter New(string kind, Shape shape)
        {
            Parameter parameter = AddParameter(Layouts.ParameterName(kind, layer, reverse), shape);
            initial.Apply(parameter);
            return parameter;
        }

        return new ScanDirection(
            New("weight_ih", new Shape(rows, Window * size)), bias ? New("bias_ih", new Shape(rows)) : null,
            sru ? New("weight_c", new Shape(2, HiddenSize)) : null, highway);
    }

    private void CheckInput(Shape input)
    {
        if (input.Rank != 3 || input[2] != InputSize || input[0] == 0 || input[1] == 0)
        {
            throw new ArgumentException($"{_name} takes [steps, batch, {InputSize}] with at least one step and one row, not {input}");
        }
    }

    private void Require(bool holds, string what, int value, int most)
    {
        if (!holds) { throw new ArgumentException($"{GetType().Name}: the {what} is 1 to {most}, not {value}"); }
    }
}
