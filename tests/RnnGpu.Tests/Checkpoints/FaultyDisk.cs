namespace RnnGpu.Tests.Checkpoints;

/// <summary>Files on a disk that runs full: all files together take so many bytes, then every write fails.</summary>
internal sealed class FaultyDisk(long capacity)
{
    /// <summary>What Linux reports for a full disk.</summary>
    public const int NoSpace = 28;

    public long Capacity { get; } = capacity;

    public long Written { get; private set; }

    /// <summary>Called before and after every step of a save: creation, write, flush, close.</summary>
    public Action? Observe { get; init; }

    /// <summary>Fail at the flush of the file of that name.</summary>
    public string? FailFlushOf { get; init; }

    /// <summary>Fail at the creation of the file of that name.</summary>
    public string? FailCreateOf { get; init; }

    public Stream Create(string path)
    {
        Observe?.Invoke();
        if (Path.GetFileName(path) == FailCreateOf)
        {
            throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
        }

        return new FaultyStream(this, path);
    }

    private sealed class FaultyStream(FaultyDisk disk, string path) : Stream
    {
        private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            disk.Observe?.Invoke();
            int fits = (int)Math.Min(buffer.Length, disk.Capacity - disk.Written);
            _file.Write(buffer[..fits]);
            disk.Written += fits;
            disk.Observe?.Invoke();
            if (fits < buffer.Length)
            {
                throw new IOException("No space left on device", NoSpace);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
            disk.Observe?.Invoke();
            if (Path.GetFileName(path) == disk.FailFlushOf)
            {
                throw new IOException("Input/output error");
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _file.Dispose();
            disk.Observe?.Invoke();
            base.Dispose(disposing);
        }
    }
}
