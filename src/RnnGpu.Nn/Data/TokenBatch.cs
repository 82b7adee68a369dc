namespace RnnGpu.Nn.Data;

/// <summary>A training window on the host, filled again and again by a source of text.</summary>
/// <param name="steps">T.</param>
/// <param name="streams">B.</param>
public sealed class TokenBatch(int steps, int streams)
{
    /// <summary>T.</summary>
    public int Steps { get; } = steps;

    /// <summary>B.</summary>
    public int Streams { get; } = streams;

    /// <summary><c>[T, B]</c>: token ids.</summary>
    public int[] Inputs { get; } = new int[checked(steps * streams)];

    /// <summary><c>[T, B]</c>: the ids that follow them; negative where a prediction does not count.</summary>
    public int[] Targets { get; } = new int[steps * streams];
}
