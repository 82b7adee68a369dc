using System.Text;
using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A stack of recurrent layers of a cell written over tensor operations (<see cref="RecurrentCell"/>), one or two directions:
/// <c>[T, B, I] -> [T, B, D*S]</c>, S the size of the cell's first state. The input projection of all steps is one product; the steps
/// are recorded one by one, so a cell that the fused loop of <see cref="Recurrent"/> has runs faster there.
/// A cell's own parameters appear under PyTorch's names: <c>weight_ih_l0</c>, <c>weight_hh_l0_reverse</c>, <c>bias_ih_l1</c>.
/// </summary>
public partial class CellStack : Module
{
    private readonly RecurrentCell[] _cells;
    private readonly Dropout _dropout;
    private readonly StepSelection _selection;
    private readonly string _name;
    private Tensor[] _outputs = [];

    /// <summary>A stack.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="newCell">Makes the cell of a layer and direction, given the features that it reads.</param>
    /// <param name="inputs">I.</param>
    /// <param name="layers">L.</param>
    /// <param name="bidirectional">Whether each layer also runs backwards; outputs are then <c>[.., 2S]</c>.</param>
    /// <param name="dropout">Probability of dropping an output on its way to the next layer, in training mode.</param>
    /// <param name="returnSequences">See <see cref="ReturnSequences"/>.</param>
    /// <exception cref="ArgumentException">Sizes that no stack can have, or cells whose states differ.</exception>
    public CellStack(
        Device device, Func<Device, int, RecurrentCell> newCell, int inputs, int layers = 1, bool bidirectional = false,
        float dropout = 0f, bool returnSequences = true)
        : base(device)
    {
        ArgumentNullException.ThrowIfNull(newCell);
        if (layers is <= 0 or > RnnSpec.MaxLayers) { throw new ArgumentException($"a recurrent stack has 1 to {RnnSpec.MaxLayers} layers, not {layers}"); }
        _name = GetType().Name;
        Layers = layers;
        Directions = bidirectional ? 2 : 1;
        ReturnSequences = returnSequences;
        _selection = new StepSelection(device);
        _cells = new RecurrentCell[layers * Directions];
        for (int i = 0; i < _cells.Length; i++)
        {
            int size = i < Directions ? inputs : Directions * _cells[0].OutputSize;
            _cells[i] = Checked(newCell(device, size), size);
            Register(_cells[i], i / Directions, reverse: i % Directions == 1);
        }

        _dropout = AddModule("dropout", new Dropout(device, dropout));
    }

    /// <summary>L.</summary>
    public int Layers { get; }

    /// <summary>D: 1 or 2.</summary>
    public int Directions { get; }

    /// <summary>The cells: layer 0, layer 0 reverse, layer 1, ...</summary>
    public IReadOnlyList<RecurrentCell> Cells => _cells;

    /// <summary>D*S: features of the output.</summary>
    public int OutputSize => Directions * _cells[0].OutputSize;

    /// <summary>
    /// Whether <see cref="Forward"/> returns the outputs of all steps <c>[T, B, D*S]</c>, or the top layer's final output <c>[B, D*S]</c>.
    /// </summary>
    public bool ReturnSequences { get; }

    /// <inheritdoc/>
    public override string Remark => $"stepwise over recorded operations, since {_cells[0].StepwiseReason}";

    /// <summary>States of zeros for <paramref name="batch"/> sequences side by side.</summary>
    public CellStackState NewState(int batch) => new(Device, _cells[0], _cells.Length, batch);

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        return ReturnSequences ? input.WithColumns(OutputSize) : new Shape(input[1], OutputSize);
    }

    /// <summary>How a pass runs, in words: which path, and which option forced it.</summary>
    public string Explain()
    {
        var text = new StringBuilder($"{_name}: {_cells[0].Description}, {Layers} layer(s), {Directions} direction(s)\n");
        text.Append("  input projection  hoisted: Project runs once over all steps of a layer and direction\n");
        text.Append($"  recurrence        {Remark}\n");
        text.Append("  memory            every operation of every step is kept until its backward pass; nothing is recomputed\n");
        return text.Append("  Lstm, Gru and Elman run the plain cells in the fused loop\n").ToString();
    }

    private RecurrentCell Checked(RecurrentCell cell, int size)
    {
        if (cell.InputSize != size) { throw new ArgumentException($"{cell.Description} reads {cell.InputSize} features where the stack has {size}"); }
        if (_cells[0] is { } first && !cell.StateSizes.SequenceEqual(first.StateSizes))
        {
            throw new ArgumentException($"{cell.Description} has other states than the first cell of the stack, {first.Description}");
        }

        return cell;
    }

    /// <summary>The cell's own parameters come under flat names, before the cell itself, whose parts keep names with dots.</summary>
    private void Register(RecurrentCell cell, int layer, bool reverse)
    {
        foreach ((string name, Parameter parameter) in cell.State())
        {
            if (!name.Contains('.', StringComparison.Ordinal)) { AddShared(Layouts.ParameterName(name, layer, reverse), parameter); }
        }

        AddModule(Layouts.ParameterName("cell", layer, reverse), cell);
    }

    private void CheckInput(Shape input)
    {
        if (input.Rank != 3 || input[2] != _cells[0].InputSize || input[0] == 0 || input[1] == 0)
        {
            throw new ArgumentException(
                $"{_name} takes [steps, batch, {_cells[0].InputSize}] with at least one step and one row, not {input}");
        }
    }
}
