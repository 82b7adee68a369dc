namespace RnnGpu.Core;

public partial interface IBackend
{
    /// <summary>Queues beside the main one whose work runs at the same time; 0: everything runs in the order in which it is called.</summary>
    int SideQueues => 0;

    /// <summary>
    /// Sends what is called from now on to a side queue, which starts once everything called so far on the present queue has run. Until
    /// <see cref="Return"/>; forks nest. Nothing waits for the work before <see cref="Join"/>, so it may not share memory that either side writes.
    /// </summary>
    /// <param name="side">From 0, below <see cref="SideQueues"/>.</param>
    void Fork(int side) => throw new NotSupportedException("this backend has no side queues");

    /// <summary>Goes back to the queue of before the last <see cref="Fork"/>.</summary>
    void Return() => throw new NotSupportedException("this backend has no side queues");

    /// <summary>What is called from now on, on the present queue, runs after everything sent to a side queue so far.</summary>
    void Join(int side) => throw new NotSupportedException("this backend has no side queues");

    /// <summary>
    /// Steps of a chunk, whose input projection and gradients are products of so many rows: enough to make good use of the device; where a loop
    /// over steps costs calls, so many that chunks stay few.
    /// </summary>
    int PreferredChunkSteps(RecurrentProblem problem);

    /// <summary>Which loops of a stack run side by side: a choice of the backend, which knows what its queues cost. Asked once a plan.</summary>
    StackSchedule Schedule(RnnSpec spec, RnnPlanOptions options) => StackSchedule.ByQueues(this, spec, options);

    /// <summary>How this backend computes matrix products: a line for <see cref="RnnPlan.Explain"/>.</summary>
    string DescribeProducts { get; }
}
