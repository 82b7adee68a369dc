using System.Diagnostics;
using System.Text;

namespace RnnGpu.Tests.Cli;

/// <summary>Small training runs for tests: a made-up text with structure to learn, and options that make a run of a second.</summary>
internal sealed class CharLmRuns : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public CharLmRuns()
    {
        Text = _directory.Write("text.txt", MakeText(6000));
    }

    /// <summary>Path of the text.</summary>
    public string Text { get; }

    public string this[string relative] => _directory[relative];

    public TemporaryDirectory Files => _directory;

    public static string MakeText(int length)
    {
        string[] words = ["the ", "cat ", "sat ", "on ", "a ", "mat.\n", "dogs ", "dream; ", "Éire "];
        var text = new StringBuilder();
        for (uint state = 1; text.Length < length;)
        {
            state = (state * 1_664_525) + 1_013_904_223;
            text.Append(words[(state >> 16) % words.Length]);
        }

        return text.ToString(0, length);
    }

    /// <summary>Options of a small run with every source of state: two layers, dropout, several epochs, momentum.</summary>
    /// <param name="name">Of the run's directory.</param>
    /// <param name="more">Options that replace those of the same name, or join them.</param>
    public string[] Options(string name, params string[] more) => LastOfEach(
    [
        "train", "charlm", "--data", Text, "--out", this[name], "--cell", "lstm", "--layers", "2", "--hidden", "12", "--embedding", "6",
        "--seq-length", "16", "--batch", "20", "--dropout", "0.3", "--steps", "40", "--validate-every", "8", "--checkpoint-every", "3", .. more,
    ]);

    /// <summary>Whether a run has saved anything yet.</summary>
    public bool HasCheckpoint(string name) => Directory.Exists(this[name]) && Directory.EnumerateDirectories(this[name], "step-*").Any();

    /// <summary>One checkpoint of a run: every file's path and bytes.</summary>
    public SortedDictionary<string, byte[]> Checkpoint(string name, long step)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(Path.Combine(this[name], $"step-{step:D9}"))) { files.Add(Path.GetFileName(file), File.ReadAllBytes(file)); }
        return files;
    }

    /// <summary>The program as a process of its own.</summary>
    public static Process Start(string[] args, params string[] shell)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "rnngpu.dll");
        string[] command = [.. shell, Environment.ProcessPath is { } host && Path.GetFileName(host).StartsWith("dotnet", StringComparison.Ordinal) ? host : "dotnet", program, .. args];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        return Process.Start(start)!;
    }

    private static string[] LastOfEach(string[] args)
    {
        var kept = new List<string>();
        for (int i = 0; i < args.Length; i++)
        {
            bool option = args[i].StartsWith("--", StringComparison.Ordinal);
            bool replaced = option && Array.LastIndexOf(args, args[i]) > i;
            if (replaced) { i++; }
            else { kept.Add(args[i]); }
        }

        return [.. kept];
    }

    public void Dispose() => _directory.Dispose();
}
