using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Tasks;

namespace RnnGpu.Tests.Tasks;

/// <summary>Runs the program's verbs in a folder of its own.</summary>
internal sealed class TaskRuns : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>Where training leaves its run.</summary>
    public string Out => Path.Combine(_directory.Path, "run");

    /// <summary>Runs a verb; training leaves its run in <see cref="Out"/>.</summary>
    public async Task<TaskAnswer> Run(params string[] words)
    {
        using StringWriter output = new(), error = new();
        string[] all = words[0] == "train" && !words.Contains("--resume") ? [.. words, "--out", Out] : words;
        int code = await Program.RunAsync(all, output, error, TaskList.All, CancellationToken.None);
        return new TaskAnswer((ExitCode)code, output.ToString(), error.ToString());
    }

    /// <summary>A file with a text.</summary>
    public string Write(string text, string name = "input.txt")
    {
        string path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => _directory.Dispose();
}

/// <summary>What a verb said.</summary>
internal sealed record TaskAnswer(ExitCode Exit, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;
}
