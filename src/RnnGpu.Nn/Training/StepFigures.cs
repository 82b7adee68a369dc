using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Losses and gradient norms of the last steps, collected on the device so that no step waits for it; read back together.
/// One row a step: the losses of its batches, then the sum of squares of its gradients.
/// </summary>
internal sealed class StepFigures : IDisposable
{
    private readonly IBackend _backend;
    private readonly Tensor _rows;
    private readonly int _columns;
    private readonly float[] _values;
    private readonly int[] _batches;
    private readonly float[] _lossScales;
    private int _losses;

    public StepFigures(Device device, int steps, int batches)
    {
        _backend = device.Backend;
        _columns = batches + 1;
        _rows = device.PersistentZeros(new Shape(steps, _columns));
        _values = new float[steps * _columns];
        _batches = new int[steps];
        _lossScales = new float[steps];
    }

    /// <summary>Steps collected since <see cref="Clear"/>.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == _batches.Length;

    /// <summary>Notes a batch's loss.</summary>
    public void AddLoss(Tensor loss)
    {
        if (loss.Length != 1)
        {
            throw new ArgumentException($"the loss of a batch must be a single number, not {loss}: sum or average it");
        }

        _backend.Copy(loss.View, Cell(_losses++));
    }

    /// <summary>Notes a step's gradients and ends its row.</summary>
    /// <param name="sumOfSquares">Of the gradients as the backward pass left them.</param>
    /// <param name="lossScale">Factor of the loss in that pass; 0: the step was skipped.</param>
    public void EndStep(in TensorView sumOfSquares, float lossScale)
    {
        _backend.Copy(sumOfSquares, Cell(_columns - 1));
        _lossScales[Count] = lossScale;
        _batches[Count++] = _losses;
        _losses = 0;
    }

    /// <summary>Waits for the device and reads the collected rows.</summary>
    public void Download()
    {
        int length = Count * _columns;
        if (length > 0) { _backend.Download(_rows.View.Slice(0, new Shape(length)), _values.AsSpan(0, length)); }
    }

    /// <summary>Mean loss of a collected step's batches.</summary>
    public double Loss(int step)
    {
        double sum = 0;
        for (int i = 0; i < _batches[step]; i++) { sum += _values[(step * _columns) + i]; }
        return sum / _batches[step];
    }

    /// <summary>Whether a collected step made no update, since its gradients were out of range for its loss scale.</summary>
    public bool IsSkipped(int step) => _lossScales[step] == 0f;

    /// <summary>Norm of a collected step's averaged gradient, without the loss scale.</summary>
    public double Norm(int step) => Math.Sqrt(_values[(step * _columns) + _columns - 1]) / ((double)_batches[step] * _lossScales[step]);

    public void Clear() => Count = 0;

    public void Dispose()
    {
        if (_rows.IsAlive) { _rows.Release(); }
    }

    private TensorView Cell(int column) => _rows.View.Slice(((long)Count * _columns) + column, new Shape(1));
}
