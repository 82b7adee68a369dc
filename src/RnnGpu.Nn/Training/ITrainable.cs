using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>What a <see cref="Trainer{TBatch}"/> trains: a model, and its loss on a batch.</summary>
/// <typeparam name="TBatch">A batch on the host: arrays that are filled again and again.</typeparam>
public interface ITrainable<in TBatch>
{
    /// <summary>Whose parameters are trained and saved.</summary>
    Module Model { get; }

    /// <summary>
    /// The recurrent state that is carried from batch to batch (truncated BPTT), for checkpoints: tensors that belong to the
    /// trainable (<see cref="Device.PersistentZeros"/>), under unique names, always the same names and shapes. Asked for at
    /// every save and restore; a restore overwrites their values. Validation must not touch them.
    /// </summary>
    IReadOnlyList<NamedTensor> CarriedState => [];

    /// <summary>Uploads the batch, runs the model and returns the loss, a scalar to call Backward on.</summary>
    Tensor Loss(TBatch batch);

    /// <summary>
    /// Called after the backward pass of <see cref="Loss"/>, while its tensors can still be read: the moment to copy final
    /// states to the carried ones, which the backward pass needed as they were.
    /// </summary>
    void CarryOver()
    {
    }

    /// <summary>Clears the carried state: called before the first batch and after every epoch.</summary>
    void ResetState()
    {
    }
}

/// <summary>A trainable without carried state, from a function.</summary>
/// <param name="model">Whose parameters are trained.</param>
/// <param name="loss">Uploads a batch, runs the model and returns the loss.</param>
public sealed class Trainable<TBatch>(Module model, Func<TBatch, Tensor> loss) : ITrainable<TBatch>
{
    /// <inheritdoc/>
    public Module Model { get; } = model;

    /// <inheritdoc/>
    public Tensor Loss(TBatch batch) => loss(batch);
}
