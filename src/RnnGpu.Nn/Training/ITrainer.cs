using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>A training run, whatever its batches are (<see cref="Trainer{TBatch}"/>).</summary>
public interface ITrainer : IDisposable
{
    /// <summary>Present figures.</summary>
    TrainingFigures Figures { get; }

    /// <summary>The learning curve.</summary>
    TrainingHistory History { get; }

    /// <inheritdoc cref="Trainer{TBatch}.Restore"/>
    void Restore(Checkpoint checkpoint);

    /// <inheritdoc cref="Trainer{TBatch}.Run"/>
    TrainingResult Run(CancellationToken cancellation = default);
}
