namespace RnnGpu.Core;

/// <summary>
/// Which loops of a recurrent stack run side by side on a backend's queues: its answer to <see cref="IBackend.Schedule"/>. Every schedule gives the
/// same bits.
/// </summary>
public sealed record StackSchedule
{
    /// <summary>Steps of a chunk.</summary>
    public required int ChunkSteps { get; init; }

    /// <summary>Whether the two directions of a layer run at the same time. Needs one side queue.</summary>
    public bool DirectionsBeside { get; init; }

    /// <summary>
    /// Stages of the wavefront over a stack in one direction: each is a run of layers, and works on the chunk that the stage below has just left. 1: all
    /// layers run a chunk one after another. Needs a side queue for each stage but one.
    /// </summary>
    public int Stages { get; init; } = 1;

    /// <summary>Whether gradients of weights run beside the loops that go on back in time. Needs one more side queue for each loop.</summary>
    public bool WeightGradientsBeside { get; init; }

    /// <summary>What was predicted, for <see cref="RnnPlan.Explain"/>; empty: nothing was.</summary>
    public string Prediction { get; init; } = "";

    /// <summary>Loops that run at the same time.</summary>
    public int Loops => DirectionsBeside ? 2 : Stages;

    /// <summary>
    /// What queues allow, without a look at costs: directions beside each other, gradients of weights beside loops; a wavefront only where
    /// <see cref="RnnPlanOptions.SideBySide"/> asks for it.
    /// </summary>
    public static StackSchedule ByQueues(IBackend backend, RnnSpec spec, RnnPlanOptions options)
    {
        int sides = options.SideBySide == false ? 0 : backend.SideQueues;
        var problem = new RecurrentProblem(spec.Cell, spec.HiddenSize, options.Batch, options.Steps, options.Training);
        bool gradients = sides > 2;
        int stages = spec.Bidirectional || options.SideBySide != true ? 1 : Math.Min(spec.Layers, gradients ? (sides + 1) / 2 : sides + 1);
        int preferred = backend.PreferredChunkSteps(problem);
        return new StackSchedule
        {
            // A wavefront of one chunk would be none.
            ChunkSteps = options.ChunkSteps ?? (stages > 1 ? Math.Min(preferred, (options.Steps + 3) / 4) : preferred),
            DirectionsBeside = spec.Bidirectional && sides > 0,
            WeightGradientsBeside = gradients,
            Stages = stages,
        };
    }
}
