using System.Security.Cryptography;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// A write-only stream around one new file of a checkpoint: counts and hashes what passes, so that no file is read again to
/// learn its SHA-256, and brings the file to the disk itself (not only to the system's cache) before closing it.
/// </summary>
internal sealed class HashingStream(Stream inner) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;
    private bool _failed;
    private bool _closed;

    /// <summary>Whether the file stands complete on the disk: closed, and nothing failed on the way.</summary>
    public bool Complete => _closed && !_failed;

    /// <summary>Lower-case hexadecimal SHA-256 of the whole file; set once <see cref="Complete"/>.</summary>
    public string Sha256 { get; private set; } = "";

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => !_closed;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException("A file of a checkpoint is written front to back.");
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_closed, this);

        // Until the call has come back the file counts as failed, also for a caller who swallows the exception.
        bool failedBefore = _failed;
        _failed = true;
        try
        {
            inner.Write(buffer);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw TooLong(e);
        }

        _hash.AppendData(buffer);
        _length += buffer.Length;
        _failed = failedBefore;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The file is being written.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The file is written front to back.");

    public override void SetLength(long value) => throw new NotSupportedException("The file is written front to back.");

    private static void Close(Stream stream)
    {
        try
        {
            if (stream is FileStream file)
            {
                file.Flush(flushToDisk: true);
            }
            else
            {
                stream.Flush();
            }
        }
        finally
        {
            stream.Dispose();
        }
    }

    /// <summary>The runtime reports a file beyond the largest size of the file system, or of a limit, as a wrong argument.</summary>
    private static IOException TooLong(ArgumentOutOfRangeException e) => new("the file is larger than the file system or a limit allows", e);

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
        {
            _closed = true;
            bool failedBefore = _failed;
            _failed = true;
            try
            {
                Close(inner);
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw TooLong(e);
            }
            finally
            {
                Sha256 = Convert.ToHexStringLower(_hash.GetHashAndReset());
                _hash.Dispose();
            }

            _failed = failedBefore;
        }

        base.Dispose(disposing);
    }
}
