using System.Text.Json.Nodes;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// What <see cref="CheckpointFolder.Save"/> hands to its caller: files and sections of the checkpoint being saved. One file
/// is open at a time.
/// </summary>
public sealed class CheckpointWriter
{
    private readonly string _folder;
    private readonly Func<string, Stream> _createFile;
    private readonly List<(string Name, HashingStream Stream)> _files = [];
    private readonly SortedDictionary<string, JsonObject> _sections = new(StringComparer.Ordinal);

    internal CheckpointWriter(string folder, Func<string, Stream> createFile)
    {
        _folder = folder;
        _createFile = createFile;
    }

    /// <summary>Starts a file. Disposing of the stream brings it to the disk; it must be disposed of.</summary>
    /// <param name="name">ASCII letters, digits, '-', '_' and '.', such as <c>model.safetensors</c>.</param>
    /// <exception cref="ArgumentException">The name is not allowed, or there is such a file already.</exception>
    /// <exception cref="InvalidOperationException">The file before it is still open, or the files are too many.</exception>
    public Stream Create(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!CheckpointFileEntry.IsValidName(name) || _files.Exists(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"'{name}' cannot be a checkpoint's file: the name is not allowed or taken.", nameof(name));
        }

        if (_files.Count > 0 && _files[^1].Stream.CanWrite)
        {
            throw new InvalidOperationException($"The file '{_files[^1].Name}' is still open.");
        }

        if (_files.Count == CheckpointManifest.MaxFiles)
        {
            throw new InvalidOperationException($"A checkpoint holds at most {CheckpointManifest.MaxFiles} files.");
        }

        var stream = new HashingStream(_createFile(Path.Combine(_folder, name)));
        _files.Add((name, stream));
        return stream;
    }

    /// <summary>Writes a whole safetensors file; <see cref="SafeTensorsWriter.Finish"/> is called here.</summary>
    /// <param name="name">As for <see cref="Create"/>.</param>
    /// <param name="write">Declares the tensors, then writes them.</param>
    public void Tensors(string name, Action<SafeTensorsWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using Stream stream = Create(name);
        var writer = new SafeTensorsWriter(stream);
        write(writer);
        writer.Finish();
    }

    /// <summary>Adds an object to the manifest. Floating-point numbers go through
    /// <see cref="CheckpointSection.Number(double)"/>.</summary>
    /// <param name="name">Its name, such as <c>model</c>, <c>training</c>, <c>data</c> or <c>history</c>.</param>
    /// <param name="section">The object; its fields stand in the manifest in its own order.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public void Section(string name, JsonObject section)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(section);
        if (!_sections.TryAdd(name, section))
        {
            throw new ArgumentException($"The section '{name}' is there already.", nameof(name));
        }
    }

    /// <summary>Writes the manifest, last of all files, and returns its bytes.</summary>
    internal byte[] Finish(long step)
    {
        var entries = new List<CheckpointFileEntry>(_files.Count);
        foreach ((string name, HashingStream stream) in _files)
        {
            if (!stream.Complete)
            {
                throw stream.CanWrite
                    ? new InvalidOperationException($"The file '{name}' is still open.")
                    : new IOException($"The file '{name}' could not be written");
            }

            entries.Add(new CheckpointFileEntry(name, stream.Length, stream.Sha256));
        }

        string path = Path.Combine(_folder, CheckpointManifest.FileName);
        byte[] bytes = CheckpointManifest.Write(step, entries, _sections, path);
        using var file = new HashingStream(_createFile(path));
        file.Write(bytes);
        return bytes;
    }

    /// <summary>Closes a file that a failed save left open, so that its folder can be removed on every system.</summary>
    internal void Abandon()
    {
        foreach ((_, HashingStream stream) in _files)
        {
            try
            {
                stream.Dispose();
            }
            catch (Exception e) when (CheckpointException.IsFileError(e))
            {
                // The save has failed already, and its own exception says why.
            }
        }
    }
}
