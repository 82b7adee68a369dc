using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli.Training;

/// <summary>The text that is learned when none is named: this project's own sources and documents.</summary>
internal static class ProjectSources
{
    private const string Marker = "RnnGpu.sln";
    private static readonly string[] Extensions = [".cs", ".md"];

    /// <summary>The root of the clone that holds <paramref name="directory"/>, or null.</summary>
    public static string? FindRoot(string directory)
    {
        for (DirectoryInfo? at = new(directory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, Marker))) { return at.FullName; }
        }

        return null;
    }

    /// <summary>Reads all C# and Markdown files of the clone, build output apart.</summary>
    /// <exception cref="DataException">The current directory is in no clone.</exception>
    public static TextCorpus Read()
    {
        string root = FindRoot(Directory.GetCurrentDirectory()) ?? throw new DataException(
            "no data: without --data the project's own sources are learned, but the current directory is in no clone of RnnGpu; "
            + "name a text with --data FILE or --data DIR");
        return TextCorpus.Read([root], Extensions);
    }
}
