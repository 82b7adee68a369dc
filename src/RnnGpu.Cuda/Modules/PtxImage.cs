using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace RnnGpu.Cuda.Modules;

/// <summary>A kernel as its PTX declares it.</summary>
/// <param name="Name">Entry point.</param>
/// <param name="ParameterBytes">Size of its parameters.</param>
public sealed record PtxKernel(string Name, int ParameterBytes);

/// <summary>One compiled module for one architecture, in the archive <c>ptx.zip</c> embedded in this assembly: <c>elementwise.sm_80.ptx</c>.</summary>
/// <param name="Module">Name of the module: that of its source file.</param>
/// <param name="Architecture"><c>sm_80</c> or <c>sm_90a</c>.</param>
/// <param name="Text">PTX.</param>
public sealed partial record PtxImage(string Module, string Architecture, string Text)
{
    /// <summary>Every embedded image, by file name.</summary>
    public static IReadOnlyList<string> FileNames { get; } = ReadNames();

    /// <summary>PTX ISA version as major * 10 + minor; 0 if the text has none.</summary>
    public int IsaVersion => Version().Match(Text) is { Success: true } match ? (Number(match, "major") * 10) + Number(match, "minor") : 0;

    /// <summary>Kernels in the order of the text.</summary>
    public IReadOnlyList<PtxKernel> Kernels => [.. Entry().Matches(Text).Select(match => new PtxKernel(match.Groups["name"].Value, Number(match, "bytes")))];

    /// <summary>The image of a module for a device: sm_90a where the device is 9.0 and the module has code of its own for it, else sm_80, which suits every later GPU.</summary>
    /// <exception cref="InvalidOperationException">The assembly has no such module.</exception>
    public static PtxImage For(string module, int capability)
    {
        string own = $"{module}.sm_90a.ptx", common = $"{module}.sm_80.ptx";
        return Read(capability == 90 && FileNames.Contains(own, StringComparer.Ordinal) ? own : common);
    }

    /// <summary>An embedded image.</summary>
    /// <exception cref="InvalidOperationException">The assembly has no such file.</exception>
    public static PtxImage Read(string fileName)
    {
        using ZipArchive archive = Open();
        ZipArchiveEntry entry = archive.GetEntry(fileName)
            ?? throw new InvalidOperationException($"RnnGpu.Cuda was built without {fileName}: run kernels/build.sh and build again");
        using Stream stream = entry.Open();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        string[] parts = fileName.Split('.');
        return new PtxImage(parts[0], parts[1], reader.ReadToEnd());
    }

    private static ZipArchive Open() => new(
        typeof(PtxImage).Assembly.GetManifestResourceStream("ptx.zip") ?? throw new InvalidOperationException("RnnGpu.Cuda was built without kernels"), ZipArchiveMode.Read);

    private static string[] ReadNames()
    {
        using ZipArchive archive = Open();
        return [.. archive.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal)];
    }

    private static int Number(Match match, string group) =>
        match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^\s*\.version\s+(?<major>\d+)\.(?<minor>\d+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Version();

    // One struct by value is a kernel's only parameter: .param .align 8 .b8 name_param_0[40]
    [GeneratedRegex(@"\.entry\s+(?<name>[A-Za-z_]\w*)\s*\(\s*(\.param\s+\.align\s+\d+\s+\.b8\s+\w+\[(?<bytes>\d+)\])?", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Entry();
}
