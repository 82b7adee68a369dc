using System.CommandLine;
using System.Globalization;
using RnnGpu.Core;
using RnnGpu.Cuda;

namespace RnnGpu.Cli;

/// <summary>Where and how to compute, as a command line says.</summary>
/// <param name="Device"><c>auto</c>, <c>cpu</c>, <c>cuda:N</c> or <c>emulator</c>.</param>
/// <param name="Threads">Of the CPU backend; null: one a core.</param>
/// <param name="Mode">Precision of products.</param>
/// <param name="ModeIsTheRuns">Whether the precision is that of a run being resumed, not of the command line.</param>
internal sealed record DeviceChoice(string Device, int? Threads, ComputeMode Mode, bool ModeIsTheRuns = false)
{
    /// <summary>How loops over time run; null: the command line says nothing.</summary>
    public CudaStrategy? Strategy { get; init; }
}

/// <summary>The options of every verb that computes: <c>--device</c>, <c>--precision</c>, <c>--threads</c>.</summary>
internal sealed class DeviceOptions
{
    public const string Auto = "auto";

    /// <summary>Names of the precisions.</summary>
    public static readonly string[] Modes = [.. Enum.GetValues<ComputeMode>().Select(NameOf)];

    private readonly Option<string?> _device = new("--device")
    {
        Description = "Where to compute (default: auto, the first GPU that runs the kernels, else the CPU)",
        HelpName = "auto|cpu|cuda:N|emulator",
        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (word is Auto or "cpu" or "cuda" or "emulator"
                || (word.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(word.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            {
                return word;
            }

            result.AddError($"--device: there is no device '{word}'; use auto, cpu, cuda:N or emulator");
            return null;
        },
    };

    /// <summary><c>--precision</c>.</summary>
    public Option<string?> PrecisionOption { get; } = NumberOptions.Word("--precision", "Precision of matrix products on a GPU (default: fp32); weights and sums stay fp32", Modes);

    private readonly Option<int?> _threads = NumberOptions.Int32("--threads", "Threads of the CPU backend (default: one a core); results do not depend on it", 1, 256);

    /// <summary><c>--strategy</c>.</summary>
    public Option<string?> StrategyOption { get; } = NumberOptions.Word(
        "--strategy",
        $"How loops over time run on a GPU (default: what {CudaOptions.StrategyVariable} says, else auto, the one that is measured or predicted to be faster); results are the same bits",
        [.. Enum.GetNames<CudaStrategy>().Select(name => name.ToLowerInvariant())]);

    /// <summary>Name of a precision: <c>bf16</c>.</summary>
    public static string NameOf(ComputeMode mode) => mode.ToString().ToLowerInvariant();

    /// <summary>The precision of a name.</summary>
    public static bool TryParseMode(string name, out ComputeMode mode)
    {
        int index = Array.IndexOf(Modes, name);
        mode = (ComputeMode)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>The precision that a command line asks for; null: it says nothing.</summary>
    public ComputeMode? Precision(ParseResult given) => given.GetValue(PrecisionOption) is { } name && TryParseMode(name, out ComputeMode mode) ? mode : null;

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="precision">Whether it computes in one precision, and so takes <c>--precision</c>.</param>
    /// <param name="strategy">Whether it runs loops by one strategy, and so takes <c>--strategy</c>.</param>
    /// <param name="threads">Whether it takes <c>--threads</c>.</param>
    public void AddTo(Command command, bool precision = true, bool strategy = false, bool threads = true)
    {
        command.Add(_device);
        if (precision) { command.Add(PrecisionOption); }
        if (strategy) { command.Add(StrategyOption); }
        if (threads) { command.Add(_threads); }
    }

    /// <summary>What a command line chose.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="threads">Threads where it says nothing.</param>
    public DeviceChoice Read(ParseResult given, int? threads = null) => new(
        given.GetValue(_device) ?? Auto,
        given.GetValue(_threads) ?? threads,
        Precision(given) ?? ComputeMode.Fp32)
    {
        Strategy = given.GetValue(StrategyOption) is { } name ? Enum.Parse<CudaStrategy>(name, ignoreCase: true) : null,
    };
}
