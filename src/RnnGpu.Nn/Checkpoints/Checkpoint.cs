using System.Buffers;
using System.Security.Cryptography;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// A complete checkpoint on the disk: its folder, its manifest, its files. Opening verifies the manifest, then length and
/// SHA-256 of every file, before anything of it can be used.
/// </summary>
public sealed class Checkpoint
{
    private const string Damaged = "The checkpoint is damaged: use another one";

    private Checkpoint(string path, CheckpointManifest manifest)
    {
        Path = path;
        Manifest = manifest;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Path { get; }

    /// <summary>Its manifest.</summary>
    public CheckpointManifest Manifest { get; }

    /// <summary>The optimiser steps done when it was saved.</summary>
    public long Step => Manifest.Step;

    /// <summary>Opens the checkpoint in a folder and verifies all of it.</summary>
    /// <exception cref="CheckpointException">Anything is missing, unreadable, of another version, or damaged.</exception>
    public static Checkpoint Open(string path) => Open(path, hash: true);

    /// <summary>Opens one of its safetensors files.</summary>
    /// <exception cref="CheckpointException">The manifest does not list it, or it is no valid safetensors file.</exception>
    public SafeTensorsFile OpenTensors(string name) => SafeTensorsFile.Open(FilePath(name));

    /// <summary>Opens one of its files for reading.</summary>
    /// <exception cref="CheckpointException">The manifest does not list it, or it cannot be opened.</exception>
    public Stream OpenRead(string name) => OpenRead(FilePath(name), bufferSize: 4096);

    /// <summary>Whether the manifest lists a file of that name.</summary>
    public bool Contains(string name)
    {
        foreach (CheckpointFileEntry file in Manifest.Files)
        {
            if (file.Name.Equals(name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Opens a checkpoint, verifying the files' lengths always and their SHA-256 on request.</summary>
    internal static Checkpoint Open(string path, bool hash)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckpointManifest manifest = ReadManifest(System.IO.Path.Combine(path, CheckpointManifest.FileName));
        foreach (CheckpointFileEntry file in manifest.Files)
        {
            Verify(System.IO.Path.Combine(path, file.Name), file, hash);
        }

        return new Checkpoint(path, manifest);
    }

    private static CheckpointManifest ReadManifest(string path)
    {
        using Stream stream = OpenRead(path, bufferSize: 0);
        try
        {
            long length = stream.Length;
            if (length > CheckpointManifest.MaxBytes)
            {
                throw new CheckpointException(
                    path, $"the manifest has {length} bytes, at most {CheckpointManifest.MaxBytes} are allowed", Damaged);
            }

            var bytes = new byte[length];
            stream.ReadExactly(bytes);
            return CheckpointManifest.Read(bytes, path);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(path, e);
        }
    }

    private static void Verify(string path, CheckpointFileEntry file, bool hash)
    {
        using Stream stream = OpenRead(path, bufferSize: 0);
        try
        {
            if (stream.Length != file.Length)
            {
                throw new CheckpointException(path, $"the file has {stream.Length} bytes, the manifest says {file.Length}", Damaged);
            }

            if (hash && !Sha256(stream, file.Length).Equals(file.Sha256, StringComparison.Ordinal))
            {
                throw new CheckpointException(path, "the file's SHA-256 is not the one in the manifest", Damaged);
            }
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(path, e);
        }
    }

    // Reads the declared length and no more, so that a file without an end cannot hold the program.
    private static string Sha256(Stream stream, long length)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(128 * 1024);
        try
        {
            while (length > 0)
            {
                Span<byte> chunk = buffer.AsSpan(0, (int)Math.Min(length, buffer.Length));
                stream.ReadExactly(chunk);
                hash.AppendData(chunk);
                length -= chunk.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string FilePath(string name) =>
        Contains(name)
            ? System.IO.Path.Combine(Path, name)
            : throw new CheckpointException(
                Path, $"the checkpoint has no file {CheckpointException.Quote(name)}", "Use a checkpoint that was made for this purpose");

    private static FileStream OpenRead(string path, int bufferSize)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "the file is missing", "Name the folder of a complete checkpoint", e);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(path, e);
        }
    }

    private static CheckpointException Unreadable(string path, Exception e) =>
        new(path, $"reading failed ({e.Message.TrimEnd('.')})", "Check the disk and the file's permissions, or use another checkpoint", e);
}
