using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using RnnGpu.Cuda.Modules;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Kernels;

/// <summary>A row of <c>kernels/ptx/resources.txt</c>: what ptxas makes of a kernel.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="Architecture"><c>sm_80</c> or <c>sm_90</c>.</param>
/// <param name="Registers">Registers a thread.</param>
/// <param name="SharedBytes">Static shared memory of a block.</param>
/// <param name="Local">Bytes of stack, of spill stores and of spill loads together.</param>
/// <param name="TensorInstructions">HMMA and HGMMA instructions in the machine code.</param>
internal sealed record ResourceRow(string Name, string Architecture, int Registers, int SharedBytes, int Local, int TensorInstructions);

/// <summary>A kernel as the committed PTX has it.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="MaxThreads">Most threads of a block.</param>
/// <param name="MinBlocks">Blocks of that size that a multiprocessor is to hold.</param>
/// <param name="Body">Declaration and instructions.</param>
internal sealed record CompiledKernel(string Name, int MaxThreads, int MinBlocks, string Body)
{
    public bool Multiplies => Body.Contains("mma.sync", StringComparison.Ordinal);
}

/// <summary>A kernel in its source.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="File">Path from the repository's root.</param>
/// <param name="StaticBytes">Static shared memory that <c>RNN_KERNEL</c> declares.</param>
/// <param name="Comment">The comment lines above it, those above its neighbours of the same group included.</param>
/// <param name="Resources">The line directly above it.</param>
internal sealed record SourceKernel(string Name, string File, int StaticBytes, string Comment, string Resources);

/// <summary>The kernels of this clone: sources, PTX, table.</summary>
internal static class KernelFiles
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static string Folder => Path.Combine(Repository.Root, "kernels");

    public static ResourceRow[] Table() =>
    [
        .. File.ReadLines(Path.Combine(Folder, "ptx", "resources.txt")).Skip(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(cells =>
            new ResourceRow(cells[0], cells[1], Int(cells[2]), Int(cells[3]), Int(cells[4]) + Int(cells[5]) + Int(cells[6]), Int(cells[7]))),
    ];

    public static CompiledKernel[] Compiled() => [.. PtxImage.FileNames.SelectMany(file => Entries(PtxImage.Read(file).Text))];

    public static SourceKernel[] Sources() => [.. Directory.GetFiles(Path.Combine(Folder, "cuda"), "*.cu", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(KernelsOf)];

    /// <summary>Runs <c>kernels/build.sh</c>.</summary>
    public static (int Code, string Output) Build(params string[] arguments)
    {
        using var build = Process.Start(new ProcessStartInfo("bash", [Path.Combine(Folder, "build.sh"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        Task<string> error = build.StandardError.ReadToEndAsync();
        string output = build.StandardOutput.ReadToEnd();
        build.WaitForExit();
        return (build.ExitCode, output + error.Result);
    }

    /// <summary>Whether a program can be started from the path.</summary>
    public static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static IEnumerable<CompiledKernel> Entries(string text)
    {
        MatchCollection starts = new Regex(@"^\.visible \.entry (?<name>\w+)\(", RegexOptions.Multiline | RegexOptions.ExplicitCapture, Patience).Matches(text);
        for (int i = 0; i < starts.Count; i++)
        {
            string body = text[starts[i].Index..(i + 1 < starts.Count ? starts[i + 1].Index : text.Length)];
            yield return new CompiledKernel(starts[i].Groups["name"].Value, Directive(body, "maxntid"), Directive(body, "minnctapersm"), body);
        }
    }

    private static int Directive(string body, string name)
    {
        Match match = Regex.Match(body, $@"^\.{name}\s+(?<value>\d+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, Patience);
        return match.Success ? Int(match.Groups["value"].Value) : 0;
    }

    private static IEnumerable<SourceKernel> KernelsOf(string path)
    {
        string[] lines = File.ReadAllLines(path);
        var constants = new Dictionary<string, int>(StringComparer.Ordinal) { ["packRows * slabPitch * 4"] = 64 * 20 * 4 };
        for (int i = 0; i < lines.Length; i++)
        {
            Match match = Regex.Match(lines[i], @"^RNN_KERNEL\((?<name>\w+), \w+, \w+, \d+, (?<shared>[^)]+)\)", RegexOptions.ExplicitCapture, Patience);
            if (!match.Success) { continue; }
            string shared = match.Groups["shared"].Value;

            // Comments of a kernel stand above it; kernels on neighbouring lines share what stands above the first.
            int first = i;
            while (first > 0 && (lines[first - 1].StartsWith("//", StringComparison.Ordinal) || lines[first - 1].StartsWith("RNN_KERNEL(", StringComparison.Ordinal))) { first--; }
            string comment = string.Join('\n', lines[first..i].Where(line => line.StartsWith("//", StringComparison.Ordinal)));
            yield return new SourceKernel(
                match.Groups["name"].Value, Path.GetRelativePath(Repository.Root, path), constants.TryGetValue(shared, out int value) ? value : Int(shared), comment, lines[i - 1]);
        }
    }

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>On a class whose tests compile kernels: where there is no clang++-19, they are skipped by name.</summary>
public sealed class RequiresClangAttribute : AvailabilityAttribute
{
    public override string? SkipReason =>
        KernelFiles.OnPath("clang++-19") ? null : "clang++-19 is not on the path, so the committed PTX is not compared with its sources (Debian: apt-get install clang-19)";
}

/// <summary>On a class whose tests assemble kernels: where there is no ptxas, they are skipped by name.</summary>
public sealed class RequiresAssemblerAttribute : AvailabilityAttribute
{
    public override string? SkipReason => KernelFiles.OnPath("ptxas") && KernelFiles.OnPath("clang++-19")
        ? null
        : "ptxas or clang++-19 is not on the path, so the committed table of resources is not made again (ptxas comes with the CUDA toolkit)";
}
