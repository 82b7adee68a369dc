using System.CommandLine;
using System.Globalization;
using RnnGpu.Core;

namespace RnnGpu.Cli;

/// <summary>Where and how to compute, as a command line says.</summary>
/// <param name="Device"><c>auto</c>, <c>cpu</c>, <c>cuda:N</c> or <c>emulator</c>.</param>
/// <param name="Threads">Of the CPU backend; null: one a core.</param>
/// <param name="Mode">Precision of products.</param>
internal sealed record DeviceChoice(string Device, int? Threads, ComputeMode Mode);

/// <summary>The options of every verb that computes: <c>--device</c>, <c>--precision</c>, <c>--threads</c>.</summary>
internal sealed class DeviceOptions
{
    public const string Auto = "auto";

    private static readonly string[] Modes = [.. Enum.GetValues<ComputeMode>().Select(mode => mode.ToString().ToLowerInvariant())];

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

    private readonly Option<string?> _precision = NumberOptions.Word("--precision", "Precision of matrix products on a GPU (default: fp32); weights and sums stay fp32", Modes);

    private readonly Option<int?> _threads = NumberOptions.Int32("--threads", "Threads of the CPU backend (default: one a core); results do not depend on it", 1, 256);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_precision);
        command.Add(_threads);
    }

    /// <summary>What a command line chose.</summary>
    /// <param name="given">The command line.</param>
    /// <param name="threads">Threads where it says nothing.</param>
    public DeviceChoice Read(ParseResult given, int? threads = null) => new(
        given.GetValue(_device) ?? Auto,
        given.GetValue(_threads) ?? threads,
        given.GetValue(_precision) is { } mode ? Enum.Parse<ComputeMode>(mode, ignoreCase: true) : ComputeMode.Fp32);
}
