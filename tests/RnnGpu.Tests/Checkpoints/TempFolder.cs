namespace RnnGpu.Tests.Checkpoints;

/// <summary>A fresh folder that goes away with the test.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rnngpu-test-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Every file below a folder with its bytes, by relative path; folders end with '/'.</summary>
    public static SortedDictionary<string, string> Contents(string folder)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories))
        {
            string name = System.IO.Path.GetRelativePath(folder, path);
            if (Directory.Exists(path))
            {
                contents.Add(name + "/", "");
            }
            else
            {
                contents.Add(name, Convert.ToHexString(File.ReadAllBytes(path)));
            }
        }

        return contents;
    }

    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string path in Directory.GetFileSystemEntries(from, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(to, System.IO.Path.GetRelativePath(from, path));
            if (Directory.Exists(path))
            {
                Directory.CreateDirectory(target);
            }
            else
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
                File.Copy(path, target);
            }
        }
    }
}
