using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// The running mean of a model's weights over the last part of a run, <c>a += (w - a) / n</c>, which is often better than the weights
/// that training ends with. A <see cref="Trainer{TBatch}"/> that has one (<see cref="TrainerOptions.Averaging"/>) goes on training the
/// plain weights; validation measures the mean, and the checkpoint's <c>model.safetensors</c> is the mean, so whoever loads the model gets what was
/// measured. The plain weights stand beside it, and a resumed run goes on bit for bit. After the run the model holds the plain weights:
/// <see cref="Swap"/> puts the mean in. Updates allocate nothing.
/// </summary>
public sealed class WeightAveraging : IDisposable
{
    private readonly Device _device;
    private readonly NamedParameter[] _parameters;
    private readonly Tensor[] _means;
    private readonly long _start;
    private readonly long _every;
    private readonly int _patience;
    private readonly double[] _recent;
    private long _validations;
    private double _bestBefore = double.PositiveInfinity;
    private bool _triggered;

    private WeightAveraging(Module model, long start, long every, int patience)
    {
        ArgumentNullException.ThrowIfNull(model);
        _device = model.Device;
        _parameters = [.. model.NamedParameters()];
        _means = Array.ConvertAll(_parameters, entry => _device.PersistentZeros(entry.Parameter.Shape));
        (_start, _every, _patience) = (start, every, patience);
        _recent = new double[Math.Max(1, patience)];
    }

    /// <summary>Weights in the mean; 0 before averaging began.</summary>
    public long Count { get; private set; }

    /// <summary>Stochastic weight averaging (Izmailov et al. 2018): the weights after every so many updates from one update on.</summary>
    /// <param name="model">Whose parameters.</param>
    /// <param name="start">Updates before the first that counts.</param>
    /// <param name="every">Updates between those that count: an epoch's, as published, or 1.</param>
    public static WeightAveraging Stochastic(Module model, long start, long every = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        return new WeightAveraging(model, start, every, patience: 0);
    }

    /// <summary>
    /// Averaged gradient descent (Polyak and Juditsky 1992) with a non-monotonic trigger (NT-ASGD, Merity et al. 2018): every update counts
    /// from the first validation on whose loss is above the lowest of those more than <paramref name="patience"/> validations before it.
    /// </summary>
    /// <param name="model">Whose parameters.</param>
    /// <param name="patience">At least 1; 5 as published.</param>
    public static WeightAveraging NonMonotonic(Module model, int patience = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        return new WeightAveraging(model, long.MaxValue, every: 1, patience);
    }

    /// <summary>
    /// Exchanges the model's weights and the mean; a second call takes it back. Nothing happens before averaging began.
    /// </summary>
    public void Swap()
    {
        if (Count == 0) { return; }
        IBackend backend = _device.Backend;
        for (int i = 0; i < _parameters.Length; i++)
        {
            Parameter parameter = _parameters[i].Parameter;
            TensorView weight = parameter.Overwrite(), mean = _means[i].View;
            Storage storage = _device.Pool.Lease(weight.Length * sizeof(float));
            var old = new TensorView(storage.Buffer, 0, weight.Shape);
            backend.Copy(weight, old);
            backend.Copy(mean, weight);
            backend.Copy(old, mean);
            _device.Pool.Release(storage);
        }
    }

    /// <summary>Frees the mean.</summary>
    public void Dispose()
    {
        foreach (Tensor mean in _means)
        {
            if (mean.IsAlive) { mean.Release(); }
        }
    }

    /// <summary>Takes the weights into the mean, if it is time.</summary>
    /// <param name="step">Updates done.</param>
    internal void AfterUpdate(long step)
    {
        if (!_triggered && (step <= _start || (step - _start - 1) % _every != 0)) { return; }
        Count++;
        float part = 1f / Count;
        for (int i = 0; i < _parameters.Length; i++)
        {
            _device.Backend.AddScaled(part, _parameters[i].Parameter.Weight, 1f - part, _means[i].View);
        }
    }

    /// <summary>Takes note of a validation loss: the trigger of <see cref="NonMonotonic"/>.</summary>
    internal void Observe(double validationLoss)
    {
        if (_patience == 0 || _triggered) { return; }
        _triggered = validationLoss > _bestBefore;

        // What falls out of the last few joins those that the next loss must not exceed.
        int oldest = (int)(_validations++ % _patience);
        if (_validations > _patience) { _bestBefore = Math.Min(_bestBefore, _recent[oldest]); }
        _recent[oldest] = validationLoss;
    }

    internal void Save(JsonObject section)
    {
        section["count"] = Count;
        section["triggered"] = _triggered;
        section["validations"] = _validations;
        section["best_before"] = CheckpointSection.Number(_bestBefore);
        var recent = new JsonArray();
        foreach (double loss in _recent) { recent.Add(CheckpointSection.Number(loss)); }
        section["recent"] = recent;
    }

    /// <exception cref="CheckpointException">A field is missing or malformed.</exception>
    internal void Restore(CheckpointSection section)
    {
        long count = TrainingProgress.Count(section, "count"), validations = TrainingProgress.Count(section, "validations");
        bool triggered = section.Boolean("triggered");
        double bestBefore = section.Double("best_before");
        double[] recent = [.. section.Doubles("recent")];
        if (recent.Length != _recent.Length) { throw section.Bad("recent", $"{_recent.Length} losses, as this run's averaging keeps"); }
        (Count, _validations, _triggered, _bestBefore) = (count, validations, triggered, bestBefore);
        recent.CopyTo(_recent, 0);
    }
}
