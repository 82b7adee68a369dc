using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Frame;

/// <summary>What training a task's model takes: batches, loss, and how far a step goes.</summary>
public abstract class TaskTraining : IDisposable
{
    private protected TaskTraining(long batchesPerEpoch, string unit)
    {
        BatchesPerEpoch = batchesPerEpoch;
        Unit = unit;
    }

    /// <summary>Updates that an epoch takes.</summary>
    public long BatchesPerEpoch { get; }

    /// <summary>What speed is counted in: <c>words</c>, <c>sequences</c>.</summary>
    public string Unit { get; }

    /// <summary>Units trained on by this process.</summary>
    public abstract long Units { get; }

    /// <summary>A trainer at step 0.</summary>
    public abstract ITrainer Start(Optimizer optimizer, TrainerOptions options);

    /// <summary>The loss over the learning rate, by some updates that are taken back.</summary>
    public abstract LearningRateCurve FindRate(Optimizer optimizer, GradientClipping clipping);

    /// <summary>Frees what training holds on the device.</summary>
    public abstract void Dispose();
}

/// <summary>Training on batches of one type.</summary>
/// <typeparam name="TBatch">A batch on the host: arrays that are filled again and again.</typeparam>
/// <param name="trainable">Model and loss; disposed of with this if it can be.</param>
/// <param name="source">Batches; disposed of with this if it can be.</param>
/// <param name="batch">The arrays that the source fills.</param>
/// <param name="batchesPerEpoch">Updates that an epoch takes.</param>
/// <param name="unit">What speed is counted in.</param>
/// <param name="units">Units of a batch.</param>
public sealed class TaskTraining<TBatch>(
    ITrainable<TBatch> trainable, IBatchSource<TBatch> source, TBatch batch, long batchesPerEpoch, string unit, Func<TBatch, long> units)
    : TaskTraining(batchesPerEpoch, unit)
{
    private readonly Counting _counting = new(trainable, units);

    /// <inheritdoc/>
    public override long Units => _counting.Units;

    /// <inheritdoc/>
    public override ITrainer Start(Optimizer optimizer, TrainerOptions options) => new Trainer<TBatch>(_counting, optimizer, source, batch, options);

    /// <inheritdoc/>
    public override LearningRateCurve FindRate(Optimizer optimizer, GradientClipping clipping) =>
        LearningRateFinder.Find(trainable, optimizer, source, batch, clipping: clipping);

    /// <inheritdoc/>
    public override void Dispose()
    {
        (trainable as IDisposable)?.Dispose();
        (source as IDisposable)?.Dispose();
    }

    private sealed class Counting(ITrainable<TBatch> inner, Func<TBatch, long> units) : ITrainable<TBatch>
    {
        public long Units { get; private set; }

        public Module Model => inner.Model;

        public IReadOnlyList<NamedTensor> CarriedState => inner.CarriedState;

        public Tensor Loss(TBatch batch)
        {
            Units += units(batch);
            return inner.Loss(batch);
        }

        public void CarryOver() => inner.CarryOver();

        public void ResetState() => inner.ResetState();
    }
}
