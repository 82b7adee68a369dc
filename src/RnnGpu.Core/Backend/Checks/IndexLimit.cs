namespace RnnGpu.Core;

/// <summary>
/// The limit that an operation's indices must stay below. Indices are data: the CPU backend looks at them before it starts, a device
/// while it runs, and then the refusal comes from the next call that waits.
/// </summary>
/// <param name="Op">Operation.</param>
/// <param name="What">What an index is called: "index", "target".</param>
/// <param name="Limit">First index that is too large.</param>
/// <param name="LimitName">What there are so many of: "rows of the table", "classes".</param>
public readonly record struct IndexLimit(string Op, string What, int Limit, string LimitName)
{
    /// <summary>The refusal of an index, in the same words on every backend.</summary>
    public ArgumentException Exceeded(int index, long row) =>
        new($"{Op}: {What} {index} in row {row} is not below the {Limit} {LimitName}");
}
