using System.Diagnostics;
using System.Text.RegularExpressions;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>What can be checked of the GPU kit's scripts and of the images without a GPU and without a container runtime.</summary>
public sealed partial class KitTests
{
    private static readonly string[] Images = ["mcr.microsoft.com/dotnet/sdk:10.0", "mcr.microsoft.com/dotnet/runtime:10.0", "ubuntu:24.04"];

    [GeneratedRegex(@"^FROM (?<image>\S+)(?: AS (?<stage>\S+))?$")]
    private static partial Regex From();

    [GeneratedRegex(@"^COPY (?:--from=(?<stage>\S+) )?(?<sources>.+) (?<target>\S+)$")]
    private static partial Regex Copy();

    [GeneratedRegex(@"^RUN (?<path>\S*/\S+\.sh)\b")]
    private static partial Regex Script();

    [GeneratedRegex(@"(?:bench|tests)/[\w./-]+\.(?:sh|py|json|awk)")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex("known=\"(?<names>[a-z ]+)\"")]
    private static partial Regex Stages();

    private static string Text(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path]));

    [Theory]
    [InlineData("cpu.Dockerfile")]
    [InlineData("cuda.Dockerfile")]
    public void Images_are_built_from_what_is_there(string name)
    {
        var stages = new List<string>();
        int copies = 0;
        foreach (string line in Text("docker", name).Split('\n'))
        {
            if (From().Match(line) is { Success: true } from)
            {
                string image = from.Groups["image"].Value;
                Assert.True(stages.Contains(image) || Images.Contains(image), $"{name} starts from {image}");
                if (from.Groups["stage"].Success) { stages.Add(from.Groups["stage"].Value); }
            }
            else if (Copy().Match(line) is { Success: true } copy)
            {
                copies++;
                if (copy.Groups["stage"].Success)
                {
                    Assert.Contains(copy.Groups["stage"].Value, stages);
                    continue;
                }

                foreach (string source in copy.Groups["sources"].Value.Split(' '))
                {
                    string path = Path.Combine(Repository.Root, source);
                    Assert.True(File.Exists(path) || Directory.Exists(path), $"{name} copies {source}, which is not there");
                }
            }
            else if (Script().Match(line) is { Success: true } script)
            {
                Assert.True(File.Exists(Path.Combine(Repository.Root, script.Groups["path"].Value)), $"{name} runs {script.Groups["path"].Value}, which is not there");
            }
            else
            {
                Assert.Matches("^(#.*|RUN .*|WORKDIR .*|ENV .*|CMD .*|ENTRYPOINT .*|)$", line);
            }
        }

        Assert.True(copies >= 2);
    }

    [Fact]
    public void The_cpu_image_runs_the_readmes_tests()
    {
        const string Command = "dotnet test RnnGpu.sln -c Release";
        Assert.Contains($"\n{Command}\n", Text("README.md"), StringComparison.Ordinal);
        Assert.Contains($"RUN {Command}\n", Text("docker", "cpu.Dockerfile"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_kit_names_only_files_that_are_there_and_stages_that_exist()
    {
        foreach (string script in Directory.GetFiles(Path.Combine(Repository.Root, "bench", "gpu"), "*.sh").Append(Path.Combine(Repository.Root, "bench", "README.md")))
        {
            foreach (Match match in RepositoryPath().Matches(File.ReadAllText(script)))
            {
                Assert.True(File.Exists(Path.Combine(Repository.Root, match.Value)), $"{Path.GetFileName(script)} names {match.Value}, which is not there");
            }
        }

        string known = Stages().Match(Text("bench", "gpu", "run.sh")).Groups["names"].Value;
        Assert.Equal(9, known.Split(' ').Length);
        foreach (string stage in known.Split(' '))
        {
            Assert.Contains($"\nstage_{stage}() {{", Text("bench", "gpu", "stages.sh"), StringComparison.Ordinal);
            Assert.Contains($"| `{stage}` |", Text("bench", "README.md"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("[{\"step\":1,\"loss\":4.5},{\"step\":2,\"loss\":4.2500001}]", 0)]
    [InlineData("[{\"step\":1,\"loss\":4.5},{\"step\":2,\"loss\":4.26}]", 1)]
    [InlineData("[{\"step\":1,\"loss\":4.5}]", 1)]
    [InlineData("[{\"step\":1,\"loss\":4.5},{\"step\":3,\"loss\":4.25}]", 1)]
    [InlineData("[{\"step\":1,\"loss\":4.5},{\"step\":2,\"loss\":null}]", 1)]
    [InlineData("[]", 1)]
    public void Losses_are_compared_step_by_step(string other, int expected)
    {
        using var folder = new TemporaryDirectory();
        string Write(string name, string losses) =>
            folder.Write(name, "{\"task\":\"charlm\",\"history\":{\"training\":" + losses + ",\"validation\":[{\"step\":2,\"loss\":4}]}}");
        string reference = Write("a.json", "[{\"step\":1,\"loss\":4.5},{\"step\":2,\"loss\":4.25}]"), compared = Write("b.json", other);
        string script = Path.Combine(Repository.Root, "bench", "gpu", "compare_losses.awk");
        Assert.Equal(expected, Run("awk", "-v", "tolerance=0.001", "-f", script, reference, compared));
    }

    [Theory]
    [InlineData("--device", "tpu")]
    [InlineData("--stage", "dance")]
    [InlineData("--seconds", "soon")]
    [InlineData("--what", "1")]
    [InlineData("--stage", null)]
    public void The_kits_script_refuses_what_it_does_not_know(string option, string? value)
    {
        Assert.Equal(2, Run("bash", [Path.Combine(Repository.Root, "bench", "gpu", "run.sh"), option, .. value is null ? (string[])[] : [value]]));
    }

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        process.BeginErrorReadLine();
        _ = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
