using System.IO.Compression;

namespace RnnGpu.Nn.Data;

/// <summary>Where text comes from: a file, standard input, or a string. Knows its name, for messages, and can be opened.</summary>
public sealed class TextSource
{
    private readonly Func<Stream> _open;

    /// <summary>A source of bytes.</summary>
    /// <param name="name">As messages name it.</param>
    /// <param name="open">Opens it; the caller disposes of the stream.</param>
    public TextSource(string name, Func<Stream> open)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(open);
        Name = name;
        _open = open;
    }

    /// <summary>As messages name it.</summary>
    public string Name { get; }

    /// <summary>A file's path, or null where it is no file.</summary>
    public string? Path { get; private init; }

    /// <summary>A file; one whose name ends in <c>.gz</c> is unpacked as it is read. It is opened when read, not before.</summary>
    public static TextSource File(string path) => new(path, () => OpenFile(path)) { Path = path };

    /// <summary>A text in memory.</summary>
    public static TextSource String(string name, string text) => new(name, () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Opens the source for reading.</summary>
    /// <exception cref="DataException">It is missing or cannot be read.</exception>
    public Stream Open()
    {
        try
        {
            return _open();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{Name}: no such file", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new DataException($"{Name}: cannot be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static Stream OpenFile(string path)
    {
        FileStream file = System.IO.File.OpenRead(path);
        return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
