using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks;

/// <summary>The tasks that the program knows, in the order of its help.</summary>
public static class TaskList
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<LearningTask> All { get; } =
    [
        new Slots.SlotsTask(),
        new Tag.TagTask(),
        new Segment.SegmentTask(),
        new WordLm.WordLmTask(),
        new Poems.PoemsTask(),
    ];
}
