using RnnGpu.Tasks.ClassifySeries;
using RnnGpu.Tasks.Dna;
using RnnGpu.Tasks.Forecast;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Intrusion;
using RnnGpu.Tasks.MemoryCell;
using RnnGpu.Tasks.Poems;
using RnnGpu.Tasks.Segment;
using RnnGpu.Tasks.Sentiment;
using RnnGpu.Tasks.Slots;
using RnnGpu.Tasks.Tag;
using RnnGpu.Tasks.WordLm;

namespace RnnGpu.Tasks;

/// <summary>The tasks that the program knows, in the order of its help.</summary>
public static class TaskList
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<LearningTask> All { get; } =
    [
        new MemoryTask(),
        new ForecastTask(),
        new SentimentTask(),
        new SeriesTask(),
        new IntrusionTask(),
        new DnaTask(),
        new SlotsTask(),
        new TagTask(),
        new SegmentTask(),
        new WordLmTask(),
        new PoemsTask(),
    ];
}
