using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// The states of a <see cref="CellStack"/> between calls: for streaming step by step, and for truncated back-propagation through
/// time, where a window starts from the values (not the gradients) that the last one ended with. Zeros at first.
/// </summary>
public sealed class CellStackState : IDisposable
{
    private CellStates _tensors;

    internal CellStackState(Device device, RecurrentCell cell, int cells, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        Device = device;
        Batch = batch;
        foreach (int size in cell.StateSizes) { _tensors.Add(device.PersistentZeros(new Shape(cells, batch, size))); }
    }

    /// <summary>The device that holds it.</summary>
    public Device Device { get; }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>Each <c>[L*D, B, S]</c>.</summary>
    public CellStates Tensors => _tensors;

    /// <summary>Back to zeros.</summary>
    public void Reset()
    {
        for (int i = 0; i < _tensors.Count; i++) { Device.Backend.Fill(0f, _tensors[i].View); }
    }

    /// <summary>Takes over the values of final states; no gradient is remembered.</summary>
    /// <exception cref="ArgumentException">States of another stack or batch.</exception>
    public void CopyFrom(in CellOutput output)
    {
        for (int i = 0; i < _tensors.Count; i++)
        {
            Tensor state = output.States[i];
            if (state.Shape != _tensors[i].Shape)
            {
                throw new ArgumentException($"state {i} of {_tensors[i].Shape} does not take a final state of {state.Shape}");
            }

            Device.Backend.Copy(state.View, _tensors[i].View);
        }
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        for (int i = 0; i < _tensors.Count; i++)
        {
            if (_tensors[i].IsAlive) { _tensors[i].Release(); }
        }
    }
}
