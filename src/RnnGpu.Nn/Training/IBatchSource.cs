using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// An endless sequence of batches, epoch after epoch, that can be left and taken up again at any batch. What it hands out must
/// depend on its construction and on its cursor only.
/// </summary>
/// <typeparam name="TBatch">A batch on the host.</typeparam>
public interface IBatchSource<in TBatch>
{
    /// <summary>Whether the batch handed out last was the last one of its epoch.</summary>
    bool EpochEnded { get; }

    /// <summary>Overwrites the batch with the next one. Should allocate nothing.</summary>
    void Next(TBatch batch);

    /// <summary>Writes the cursor, which says what the next batch is, into a checkpoint's section.</summary>
    void Save(JsonObject cursor);

    /// <summary>Goes to a saved cursor.</summary>
    /// <exception cref="CheckpointException">It is malformed, or of other data.</exception>
    void Restore(CheckpointSection cursor);
}
