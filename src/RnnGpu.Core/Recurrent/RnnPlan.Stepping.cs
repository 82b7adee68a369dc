namespace RnnGpu.Core;

/// <summary>What <see cref="RnnStepper"/> runs on: the memory and the packed weights of a plan of one step.</summary>
public sealed partial class RnnPlan
{
    /// <summary>Where it runs.</summary>
    internal IBackend Backend => _backend;

    /// <summary>Where the weights of the next calls lie packed; no buffer before <see cref="Pack"/>.</summary>
    internal MemoryRegion Packed => _packed;

    /// <summary>Where a layer and direction lies.</summary>
    internal CellMemory MemoryOf(int index) => _memory.Cells[index];

    /// <summary>The recurrence's own part of a plan's workspace.</summary>
    internal TensorView StepWorkspace(MemoryRegion workspace) =>
        workspace.View(_memory.Recurrent[0], new Shape(checked((int)((_memory.RecurrentBytes + 3) / 4))));

    /// <summary>W, R and the biases of a layer and direction, as the operations take them.</summary>
    internal (TensorView Ih, TensorView Hh, TensorView Bias, TensorView RecurrentBias) StepWeights(int index)
    {
        CellMemory cell = _memory.Cells[index];
        return (
            PackedBlock(cell.PackedIh, _backend.PackedMatrixBytes(Spec.LayerInputSize(index / Spec.Directions), Spec.GateSize)),
            PackedRecurrent(cell),
            Spec.Bias ? _packed.View(cell.Bias, new Shape(Spec.GateSize)) : default,
            RecurrentBias(index));
    }
}
