using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>Rows of this table <c>[V, E]</c>: <c>y[.., :] = table[indices[..], :]</c>; a negative index gives zeros.</summary>
    /// <param name="indices">Integers of any shape, below V.</param>
    /// <returns><c>[.., E]</c>.</returns>
    /// <exception cref="ArgumentException">Not a table, or not integers.</exception>
    public Tensor Gather(Tensor indices)
    {
        TensorSlot table = this.Float(nameof(Gather)), index = indices.Int(nameof(Gather), "indices");
        Operands.SameDevice(table, index, nameof(Gather));
        if (table.Shape.Rank != 2) { throw new ArgumentException($"Gather takes rows of a table [V, E], not of {table.Shape}"); }
        Device device = table.Device;
        Tensor y = device.NewTensor(index.Shape.Append(table.Shape[1]));
        device.Backend.Gather(table.View, index.View.Flat(), y.View.Table());
        if (device.Records(table)) { device.Tape.Record<GatherNode>().Set(table, index, y); }
        return y;
    }
}

internal sealed class GatherNode : TapeNode
{
    public void Set(TensorSlot table, TensorSlot indices, Tensor y)
    {
        AddInput(table);
        AddInput(indices);
        AddOutput(y);
    }

    public override void Backward() => Backend.ScatterAdd(Dy.Table(), X(1).Flat(), AccumulatedGradient(0));
}
