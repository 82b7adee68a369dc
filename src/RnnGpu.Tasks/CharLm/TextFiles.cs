using System.Collections.Frozen;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.CharLm;

/// <summary>
/// Which files a list of paths means. A file stands for itself, whatever its name; a directory for every text file below it,
/// known by its extension, in ordinal order of the relative path with <c>/</c> as separator: the same order on every system.
/// </summary>
public static class TextFiles
{
    /// <summary>Extensions of files that a directory contributes.</summary>
    public static IReadOnlyList<string> Extensions { get; } =
    [
        ".txt", ".md", ".rst", ".tex", ".csv", ".tsv", ".log",
        ".cs", ".csproj", ".props", ".targets", ".sln", ".fs", ".c", ".h", ".cc", ".cpp", ".cu", ".cuh", ".py", ".js", ".ts",
        ".java", ".go", ".rs", ".rb", ".sh", ".sql", ".html", ".css", ".json", ".xml", ".yml", ".yaml", ".toml", ".ini",
    ];

    private static readonly FrozenSet<string> SkippedDirectories =
        FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "bin", "obj", "artifacts", "node_modules", "TestResults");

    /// <summary>The files of <paramref name="paths"/>, in the order of the paths; a file reached twice comes once.</summary>
    /// <param name="paths">Files and directories.</param>
    /// <param name="extensions">Extensions that a directory contributes; null: <see cref="Extensions"/>.</param>
    /// <exception cref="DataException">No path, a path that does not exist, a directory without text files, or one that
    /// cannot be read.</exception>
    public static IReadOnlyList<string> Find(IReadOnlyList<string> paths, IReadOnlyList<string>? extensions = null)
    {
        if (paths.Count == 0) { throw new DataException("no data: name at least one file or directory"); }
        extensions ??= Extensions;
        var files = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            if (string.IsNullOrWhiteSpace(path)) { throw new DataException("no data: a path is empty"); }
            if (Directory.Exists(path))
            {
                AddDirectory(path, extensions, files, seen);
            }
            else if (File.Exists(path))
            {
                if (seen.Add(Path.GetFullPath(path))) { files.Add(path); }
            }
            else
            {
                throw new DataException($"{path}: no such file or directory");
            }
        }

        return files;
    }

    private static void AddDirectory(string root, IReadOnlyList<string> extensions, List<string> files, HashSet<string> seen)
    {
        var found = new List<string>();
        try
        {
            Walk(new DirectoryInfo(root), "", extensions, found);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new DataException($"{root}: cannot be listed: {e.Message}", e);
        }

        if (found.Count == 0)
        {
            throw new DataException($"{root}: no text files below this directory (looked for {string.Join(' ', extensions)})");
        }

        found.Sort(StringComparer.Ordinal);
        foreach (string relative in found)
        {
            string file = Path.Combine(root, relative);
            if (seen.Add(Path.GetFullPath(file))) { files.Add(file); }
        }
    }

    private static void Walk(DirectoryInfo directory, string prefix, IReadOnlyList<string> extensions, List<string> found)
    {
        foreach (FileInfo file in directory.EnumerateFiles())
        {
            // Empty files are common in source trees and say nothing.
            if (file.Length > 0 && extensions.Contains(file.Extension, StringComparer.OrdinalIgnoreCase)) { found.Add(prefix + file.Name); }
        }

        foreach (DirectoryInfo child in directory.EnumerateDirectories())
        {
            // Links are not followed: they may lead in circles.
            bool skip = child.Name.StartsWith('.') || SkippedDirectories.Contains(child.Name) || child.LinkTarget is not null;
            if (!skip) { Walk(child, $"{prefix}{child.Name}/", extensions, found); }
        }
    }
}
