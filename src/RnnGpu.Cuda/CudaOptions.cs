namespace RnnGpu.Cuda;

/// <summary>How tensors get their memory.</summary>
public enum CudaMemory
{
    /// <summary>Ranges of large blocks.</summary>
    Arena,

    /// <summary>Each tensor its own allocation, so that memory checkers see its ends.</summary>
    Exact,
}

/// <summary>How a CUDA backend runs.</summary>
public sealed record CudaOptions
{
    /// <summary>Environment variable for <see cref="Memory"/>: <c>arena</c> or <c>exact</c>.</summary>
    public const string MemoryVariable = "RNNGPU_CUDA_MEMORY";

    /// <summary>Memory of tensors; null: what <see cref="MemoryVariable"/> says, else exact on the emulator and an arena on GPUs.</summary>
    public CudaMemory? Memory { get; init; }

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
