using System.Text.RegularExpressions;
using System.Xml.Linq;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>
/// The house's arrows, read from the project files and sources: who may reference whom, which packages come in where, where
/// native calls stand, and that the core does no input, output or threading.
/// </summary>
public sealed partial class DependencyRulesTests
{
    private static readonly Dictionary<string, (string[] Projects, string[] Packages)> Allowed = new()
    {
        ["RnnGpu.Core"] = ([], []),
        ["RnnGpu.Cpu"] = (["RnnGpu.Core"], []),
        ["RnnGpu.Cuda"] = (["RnnGpu.Core"], []),
        ["RnnGpu.Nn"] = (["RnnGpu.Core"], []),
        ["RnnGpu.Interop"] = (["RnnGpu.Core", "RnnGpu.Nn"], []),
        ["RnnGpu.Tasks"] = (["RnnGpu.Core", "RnnGpu.Nn"], []),
        ["RnnGpu.Cli"] = (
            ["RnnGpu.Core", "RnnGpu.Cpu", "RnnGpu.Cuda", "RnnGpu.Nn", "RnnGpu.Interop", "RnnGpu.Tasks"],
            ["Spectre.Console", "System.CommandLine"]),
    };

    private static readonly string[] Analyzers = ["Meziantou.Analyzer"];

    [GeneratedRegex(@"\b(LibraryImport|DllImport|NativeLibrary)\b")]
    private static partial Regex NativeCall();

    [GeneratedRegex(@"\bSystem\.IO\b|\b(File|FileStream|FileInfo|Directory|DirectoryInfo|Path|StreamReader|StreamWriter)\s*[.(]|\bnew (FileStream|StreamReader|StreamWriter)\b")]
    private static partial Regex FileUse();

    [GeneratedRegex(@"\bSystem\.Threading\b|\b(Thread|ThreadPool|Task|Parallel|Timer|Monitor|Interlocked|SemaphoreSlim|Barrier|SpinWait)\s*[.<(]|\block \(")]
    private static partial Regex ThreadUse();

    [GeneratedRegex(@"//.*|""(\\.|[^""\\])*""")]
    private static partial Regex CommentOrString();

    [Fact]
    public void Every_project_under_src_references_only_what_it_may()
    {
        string[] projects = Directory.GetFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);
        Assert.True(projects.Length >= 5, $"only {projects.Length} projects under src");
        foreach (string project in projects)
        {
            Assert.Empty(ForbiddenReferences(Path.GetFileNameWithoutExtension(project), File.ReadAllText(project)));
        }
    }

    [Fact]
    public void Packages_that_every_project_gets_are_analyzers_that_do_not_flow()
    {
        foreach (XElement reference in XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("PackageReference"))
        {
            Assert.Contains(reference.Attribute("Include")?.Value, Analyzers);
            Assert.Equal("all", reference.Attribute("PrivateAssets")?.Value);
        }
    }

    [Theory]
    [InlineData("RnnGpu.Core", "<PackageReference Include=\"Spectre.Console\" />", "package Spectre.Console")]
    [InlineData("RnnGpu.Core", "<ProjectReference Include=\"../RnnGpu.Nn/RnnGpu.Nn.csproj\" />", "project RnnGpu.Nn")]
    [InlineData("RnnGpu.Nn", "<ProjectReference Include=\"..\\RnnGpu.Cpu\\RnnGpu.Cpu.csproj\" />", "project RnnGpu.Cpu")]
    [InlineData("RnnGpu.Cpu", "<ProjectReference Include=\"../RnnGpu.Nn/RnnGpu.Nn.csproj\" />", "project RnnGpu.Nn")]
    [InlineData("RnnGpu.Cpu", "<Reference Include=\"Other.dll\" />", "assembly Other.dll")]
    [InlineData("RnnGpu.Other", "", "no rule")]
    public void Forbidden_references_are_found(string project, string reference, string expected)
    {
        string found = Assert.Single(ForbiddenReferences(project, $"<Project><ItemGroup>{reference}</ItemGroup></Project>"));
        Assert.Contains(expected, found, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_cuda_project_calls_native_code() =>
        Assert.Empty(Sources("RnnGpu.*").Where(file => !IsUnder("RnnGpu.Cuda", file)).SelectMany(file => Matches(file, NativeCall())));

    [Fact]
    public void The_core_uses_no_files() => Assert.Empty(Sources("RnnGpu.Core").SelectMany(file => Matches(file, FileUse())));

    [Fact]
    public void The_core_uses_no_threads() => Assert.Empty(Sources("RnnGpu.Core").SelectMany(file => Matches(file, ThreadUse())));

    [Fact]
    public void The_source_rules_find_what_they_forbid()
    {
        Assert.Matches(NativeCall(), "[LibraryImport(\"cuda\")]");
        Assert.Matches(FileUse(), "var text = File.ReadAllText(path);");
        Assert.Matches(FileUse(), "using System.IO;");
        Assert.Matches(ThreadUse(), "var worker = new Thread(Run);");
        Assert.Matches(ThreadUse(), "await Task.Delay(1);");
        Assert.DoesNotMatch(ThreadUse(), CommentOrString().Replace("int x = 1; // no Thread.Sleep here", ""));
        Assert.DoesNotMatch(FileUse(), CommentOrString().Replace("throw new(\"use File.Open\");", ""));
    }

    private static List<string> ForbiddenReferences(string project, string text)
    {
        if (!Allowed.TryGetValue(project, out (string[] Projects, string[] Packages) allowed))
        {
            return [$"{project} has no rule: say in {nameof(DependencyRulesTests)} what it may reference"];
        }

        var found = new List<string>();
        foreach (XElement item in XDocument.Parse(text).Descendants())
        {
            string include = item.Attribute("Include")?.Value ?? "";
            string name = Path.GetFileNameWithoutExtension(include.Replace('\\', '/'));
            switch (item.Name.LocalName)
            {
                case "ProjectReference" when !allowed.Projects.Contains(name):
                    found.Add($"{project} references project {name}");
                    break;
                case "PackageReference" when !allowed.Packages.Contains(include):
                    found.Add($"{project} references package {include}");
                    break;
                case "Reference":
                    found.Add($"{project} references assembly {include}");
                    break;
            }
        }

        return found;
    }

    private static IEnumerable<string> Matches(string file, Regex forbidden)
    {
        string[] lines = File.ReadAllLines(file);
        for (int i = 0; i < lines.Length; i++)
        {
            if (forbidden.IsMatch(CommentOrString().Replace(lines[i], "")))
            {
                yield return $"{Path.GetRelativePath(Repository.Root, file)}:{i + 1}: {lines[i].Trim()}";
            }
        }
    }

    private static IEnumerable<string> Sources(string project)
    {
        string[] files =
        [
            .. Directory.GetDirectories(Path.Combine(Repository.Root, "src"), project)
                .SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
                .Where(file => !IsUnder("obj", file) && !IsUnder("bin", file)),
        ];
        Assert.True(files.Length > 0, $"no sources of {project}");
        return files;
    }

    private static bool IsUnder(string folder, string file) =>
        file.Contains($"{Path.DirectorySeparatorChar}{folder}{Path.DirectorySeparatorChar}", StringComparison.Ordinal);
}
