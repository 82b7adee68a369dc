namespace RnnGpu.Cuda;

/// <summary>How tensors get their memory.</summary>
public enum CudaMemory
{
    /// <summary>Ranges of large blocks.</summary>
    Arena,

    /// <summary>Each tensor its own allocation, so that memory checkers see its ends.</summary>
    Exact,
}

/// <summary>How the steps of a recurrence run.</summary>
public enum CudaStrategy
{
    /// <summary>Persistent where it fits the device and is predicted to be faster, else stepwise.</summary>
    Auto,

    /// <summary>A launch or two a step; the loop is a CUDA graph.</summary>
    Stepwise,

    /// <summary>One launch for all steps: weights stay in shared memory. A loop that does not fit the device runs stepwise.</summary>
    Persistent,
}

/// <summary>How a CUDA backend runs.</summary>
public sealed record CudaOptions
{
    /// <summary>Environment variable for <see cref="Memory"/>: <c>arena</c> or <c>exact</c>.</summary>
    public const string MemoryVariable = "RNNGPU_CUDA_MEMORY";

    /// <summary>Memory of tensors; null: what <see cref="MemoryVariable"/> says, else exact on the emulator and an arena on GPUs.</summary>
    public CudaMemory? Memory { get; init; }

    /// <summary>Environment variable for <see cref="Strategy"/>: <c>auto</c>, <c>stepwise</c> or <c>persistent</c>.</summary>
    public const string StrategyVariable = "RNNGPU_CUDA_STRATEGY";

    /// <summary>How recurrences run; null: what <see cref="StrategyVariable"/> says, else <see cref="CudaStrategy.Auto"/>.</summary>
    public CudaStrategy? Strategy { get; init; }

    internal CudaStrategy ChooseStrategy()
    {
        if (Strategy is { } chosen) { return chosen; }
        string? text = Environment.GetEnvironmentVariable(StrategyVariable);
        return string.IsNullOrEmpty(text) ? CudaStrategy.Auto
            : Enum.TryParse(text, ignoreCase: true, out CudaStrategy named) && Enum.IsDefined(named) ? named
            : throw new ArgumentException($"{StrategyVariable}={text} names no strategy; use auto, stepwise or persistent");
    }

    internal CudaMemory ChooseMemory(bool emulator)
    {
        if (Memory is { } chosen) { return chosen; }
        string? text = Environment.GetEnvironmentVariable(MemoryVariable);
        if (string.IsNullOrEmpty(text)) { return emulator ? CudaMemory.Exact : CudaMemory.Arena; }
        return Enum.TryParse(text, ignoreCase: true, out CudaMemory named) && Enum.IsDefined(named)
            ? named
            : throw new ArgumentException($"{MemoryVariable}={text} names no kind of memory; use arena or exact");
    }
}
