using RnnGpu.Core;

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

/// <summary>What cuBLASLt is used for where it is found.</summary>
public enum CublasLtUse
{
    /// <summary>Nothing.</summary>
    Off,

    /// <summary>Large products below fp32; those of fp32 keep to the rule of chains, and so to the CPU's bits.</summary>
    Auto,

    /// <summary>Large products in every precision; in fp32 sums then run in the library's order.</summary>
    Always,
}

/// <summary>How a CUDA backend runs.</summary>
public sealed record CudaOptions
{
    /// <summary>Environment variable for <see cref="Memory"/>: <c>arena</c> or <c>exact</c>.</summary>
    public const string MemoryVariable = "RNNGPU_CUDA_MEMORY";

    /// <summary>Environment variable for <see cref="CublasLt"/>: <c>off</c>, <c>auto</c> or <c>always</c>.</summary>
    public const string CublasLtVariable = "RNNGPU_CUBLASLT";

    // Multiplications from which a product makes up for the library's calls and the conversion of its factors.
    private const long EnoughMultiplications = 1 << 24;

    /// <summary>
    /// Use of cuBLASLt; null: what <see cref="CublasLtVariable"/> says, else <see cref="CublasLtUse.Auto"/>. With it the same device, library and
    /// shapes give the same bits, but the bits belong to the library, and cutting a sequence into other chunks may change the last of them.
    /// </summary>
    public CublasLtUse? CublasLt { get; init; }

    /// <summary>The library's name or path; null: the usual ones.</summary>
    public string? CublasLtLibrary { get; init; }

    /// <summary>Multiplications from which a product goes to the library.</summary>
    internal long LibraryWork { get; init; } = EnoughMultiplications;

    /// <summary>Memory of tensors; null: what <see cref="MemoryVariable"/> says, else exact on the emulator and an arena on GPUs.</summary>
    public CudaMemory? Memory { get; init; }

    /// <summary>Whether loops that are run again are captured as CUDA graphs; without, each of their launches is a driver call, to see what graphs are worth.</summary>
    public bool Graphs { get; init; } = true;

    /// <summary>Environment variable for <see cref="Strategy"/>: <c>auto</c>, <c>stepwise</c> or <c>persistent</c>.</summary>
    public const string StrategyVariable = "RNNGPU_CUDA_STRATEGY";

    /// <summary>How recurrences run; null: what <see cref="StrategyVariable"/> says, else <see cref="CudaStrategy.Auto"/>.</summary>
    public CudaStrategy? Strategy { get; init; }

    /// <summary>
    /// Whether a plan whose loops cannot run by <see cref="Strategy"/> is refused with the reason; else such loops run stepwise. Loops of one step run stepwise
    /// in any case.
    /// </summary>
    public bool StrategyRequired { get; init; }

    /// <summary>
    /// What was measured of the device; null: what the cache says (<see cref="MachineCache"/>). On the emulator, whose times mean nothing, only what stands here
    /// counts. It decides by which strategy loops run, never what they compute.
    /// </summary>
    public MachineRecord? Measured { get; init; }

    internal CudaStrategy ChooseStrategy() => Strategy ?? Named(StrategyVariable, CudaStrategy.Auto, "strategy");

    internal CublasLtUse ChooseCublasLt() => CublasLt ?? Named(CublasLtVariable, CublasLtUse.Auto, "use of the library");

    internal CudaMemory ChooseMemory(bool emulator) => Memory ?? Named(MemoryVariable, emulator ? CudaMemory.Exact : CudaMemory.Arena, "kind of memory");

    /// <summary>What an environment variable names, or a fallback where it is not set.</summary>
    private static T Named<T>(string variable, T fallback, string what)
        where T : struct, Enum
    {
        string? text = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(text) ? fallback
            : Enum.TryParse(text, ignoreCase: true, out T named) && Enum.IsDefined(named) ? named
            : throw new ArgumentException($"{variable}={text} names no {what}; use {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}");
    }
}
