using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// The state of a recurrent layer between calls: for streaming step by step, and for truncated back-propagation through time,
/// where each window starts from the values (not the gradients) that the last one ended with. Zeros at first.
/// </summary>
public sealed class RecurrentState : IDisposable
{
    internal RecurrentState(Device device, RnnSpec spec, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Device = device;
        Batch = batch;
        var shape = new Shape(spec.Layers * spec.Directions, batch, spec.HiddenSize);
        Hidden = device.PersistentZeros(shape);
        if (Layouts.HasCellState(spec.Cell)) { Cell = device.PersistentZeros(shape); }
    }

    /// <summary>The device that holds it.</summary>
    public Device Device { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary><c>[L*D, B, H]</c>, in the order layer 0, layer 0 reverse, layer 1, ...</summary>
    public Tensor Hidden { get; }

    /// <summary><c>[L*D, B, H]</c>, or the default tensor for cells without a cell state.</summary>
    public Tensor Cell { get; }

    /// <summary>Back to zeros.</summary>
    public void Reset()
    {
        Device.Backend.Fill(0f, Hidden.View);
        if (!Cell.IsEmpty) { Device.Backend.Fill(0f, Cell.View); }
    }

    /// <summary>One sequence of the batch back to zeros.</summary>
    public void Reset(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Batch);
        Shape shape = Hidden.Shape;
        for (int layer = 0; layer < shape[0]; layer++)
        {
            long start = ((layer * (long)Batch) + row) * shape[2];
            Device.Backend.Fill(0f, Hidden.View.Slice(start, new Shape(shape[2])));
            if (!Cell.IsEmpty) { Device.Backend.Fill(0f, Cell.View.Slice(start, new Shape(shape[2]))); }
        }
    }

    /// <summary>Takes over the values of final states; no gradient is remembered.</summary>
    public void CopyFrom(in RecurrentOutput output)
    {
        if (output.Hidden.Shape != Hidden.Shape)
        {
            throw new ArgumentException($"a state of {Hidden.Shape} does not take final states of {output.Hidden.Shape}");
        }

        Device.Backend.Copy(output.Hidden.View, Hidden.View);
        if (!Cell.IsEmpty) { Device.Backend.Copy(output.Cell.View, Cell.View); }
    }

    /// <summary>Sets the values, as stored in a checkpoint.</summary>
    /// <param name="hidden">Values of <see cref="Hidden"/>.</param>
    /// <param name="cell">Values of <see cref="Cell"/>; empty for cells without.</param>
    public void Load(ReadOnlySpan<float> hidden, ReadOnlySpan<float> cell)
    {
        Device.Upload(hidden, Hidden);
        if (!Cell.IsEmpty) { Device.Upload(cell, Cell); }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        if (Hidden.IsAlive) { Hidden.Release(); }
        if (Cell.IsAlive) { Cell.Release(); }
    }
}
