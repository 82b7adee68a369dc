using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// An open safetensors file. Opening reads the header and checks every claim in it against the file, which is treated as
/// hostile; nothing is allocated in proportion to a size that the file merely claims. Tensors are then read one by one into
/// the caller's memory.
/// </summary>
/// <remarks>Everything that can be wrong with the file is a <see cref="CheckpointException"/>. Not thread-safe.</remarks>
public sealed class SafeTensorsFile : IDisposable
{
    private const string Damaged = "The file is damaged or not a safetensors file: use another checkpoint";
    private const string OtherModel = "The file was made for another model: use the settings it was made with";

    // Keeps the byte count of one stream call within an int, whatever the span's length.
    private const int ChunkElements = 1 << 20;

    private readonly Stream _stream;
    private readonly string _where;
    private readonly SafeTensorsHeader _header;
    private readonly long _dataStart;

    private SafeTensorsFile(Stream stream, string where, SafeTensorsHeader header, long dataStart)
    {
        _stream = stream;
        _where = where;
        _header = header;
        _dataStart = dataStart;
    }

    /// <summary>The pairs of the header's <c>__metadata__</c>; empty where the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>The tensors in the header's order.</summary>
    public IReadOnlyList<SafeTensorsEntry> Tensors => _header.Entries;

    /// <summary>Opens and checks a file.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or anything in its header is wrong.</exception>
    public static SafeTensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream stream;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw new CheckpointException(path, "the file cannot be opened", "Check that it exists and may be read", e);
        }

        try
        {
            return Open(stream, path);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Opens and checks a file that is a seekable stream. The result owns the stream only if this succeeds.</summary>
    /// <param name="stream">The file, from its position 0 to its end.</param>
    /// <param name="where">What messages call it.</param>
    /// <exception cref="CheckpointException">The stream cannot be read, or anything in the header is wrong.</exception>
    public static SafeTensorsFile Open(Stream stream, string where)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(where);
        SafeTensorsHeader.RequireLittleEndian();
        try
        {
            long length = stream.Length;
            if (length < 8)
            {
                throw new CheckpointException(where, $"the file has {length} bytes, too few to be a safetensors file", Damaged);
            }

            stream.Position = 0;
            Span<byte> prefix = stackalloc byte[8];
            stream.ReadExactly(prefix);
            ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (headerLength > SafeTensorsHeader.MaxBytes || headerLength > (ulong)(length - 8))
            {
                throw new CheckpointException(
                    where,
                    $"the header claims {headerLength} bytes; the file has {length}, and the format allows {SafeTensorsHeader.MaxBytes}",
                    Damaged);
            }

            var bytes = new byte[(int)headerLength];
            stream.ReadExactly(bytes);
            long dataStart = 8 + bytes.Length;
            return new SafeTensorsFile(stream, where, SafeTensorsHeader.Parse(bytes, length - dataStart, where), dataStart);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(where, e);
        }
    }

    /// <summary>Whether the file has a tensor of that name.</summary>
    public bool Contains(string name) => _header.ByName.ContainsKey(name);

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public SafeTensorsEntry Entry(string name) =>
        _header.ByName.TryGetValue(name, out SafeTensorsEntry? entry)
            ? entry
            : throw new CheckpointException(_where, $"it has no tensor {CheckpointException.Quote(name)}", OtherModel);

    /// <summary>The tensor of that name, which must have that shape.</summary>
    /// <exception cref="CheckpointException">There is none, or its shape differs.</exception>
    public SafeTensorsEntry Entry(string name, ReadOnlySpan<int> shape)
    {
        SafeTensorsEntry entry = Entry(name);
        bool same = entry.Shape.Length == shape.Length;
        for (int i = 0; same && i < shape.Length; i++)
        {
            same = entry.Shape[i] == shape[i];
        }

        return same
            ? entry
            : throw new CheckpointException(
                Where(entry),
                $"its shape is {SafeTensorsEntry.Text(entry.Shape.AsSpan())}, the model wants [{string.Join(", ", shape.ToArray())}]",
                OtherModel);
    }

    /// <summary>Reads a whole tensor of type F32, F16 or BF16; the narrow types are widened, which is exact.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="destination">As long as the tensor has elements; overwritten, in row-major order.</param>
    /// <exception cref="CheckpointException">There is no such tensor, its type or number of elements is another, or the file
    /// cannot be read.</exception>
    public void Read(string name, Span<float> destination)
    {
        SafeTensorsEntry entry = Entry(name);
        switch (entry.DType)
        {
            case SafeTensorsDType.F16:
            case SafeTensorsDType.BF16:
                RequireCount(entry, destination.Length);
                ReadWidened(entry, destination);
                break;
            default:
                ReadElements(entry, destination, SafeTensorsDType.F32);
                break;
        }
    }

    /// <summary>Reads a whole tensor of type I32.</summary>
    /// <inheritdoc cref="Read(string, Span{float})"/>
    public void Read(string name, Span<int> destination) => ReadElements(Entry(name), destination, SafeTensorsDType.I32);

    /// <summary>Reads a whole tensor of type I64.</summary>
    /// <inheritdoc cref="Read(string, Span{float})"/>
    public void Read(string name, Span<long> destination) => ReadElements(Entry(name), destination, SafeTensorsDType.I64);

    /// <summary>Reads a whole tensor of type U8.</summary>
    /// <inheritdoc cref="Read(string, Span{float})"/>
    public void Read(string name, Span<byte> destination) => ReadElements(Entry(name), destination, SafeTensorsDType.U8);

    /// <summary>Reads a whole tensor of any type as the bytes that stand in the file.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="destination">As long as the tensor has bytes; overwritten.</param>
    /// <exception cref="CheckpointException">There is no such tensor, it has another length, or the file cannot be read.</exception>
    public void ReadRaw(string name, Span<byte> destination)
    {
        SafeTensorsEntry entry = Entry(name);
        if (destination.Length != entry.ByteLength)
        {
            throw new CheckpointException(
                Where(entry), $"it has {entry.ByteLength} bytes, {destination.Length} are wanted", OtherModel);
        }

        ReadChunks(entry, destination);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private void ReadElements<T>(SafeTensorsEntry entry, Span<T> destination, SafeTensorsDType wanted)
        where T : unmanaged
    {
        if (entry.DType != wanted)
        {
            throw new CheckpointException(Where(entry), $"its type is {entry.DType.Name()}, {wanted.Name()} is wanted", OtherModel);
        }

        RequireCount(entry, destination.Length);
        ReadChunks(entry, destination);
    }

    private void ReadChunks<T>(SafeTensorsEntry entry, Span<T> destination)
        where T : unmanaged
    {
        try
        {
            _stream.Position = _dataStart + entry.Offset;
            while (!destination.IsEmpty)
            {
                Span<T> chunk = destination[..Math.Min(destination.Length, ChunkElements)];
                _stream.ReadExactly(MemoryMarshal.AsBytes(chunk));
                destination = destination[chunk.Length..];
            }
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(Where(entry), e);
        }
    }

    private void ReadWidened(SafeTensorsEntry entry, Span<float> destination)
    {
        try
        {
            _stream.Position = _dataStart + entry.Offset;
            Span<ushort> narrow = stackalloc ushort[4096];
            while (!destination.IsEmpty)
            {
                Span<ushort> chunk = narrow[..Math.Min(destination.Length, narrow.Length)];
                _stream.ReadExactly(MemoryMarshal.AsBytes(chunk));
                for (int i = 0; i < chunk.Length; i++)
                {
                    destination[i] = entry.DType == SafeTensorsDType.F16
                        ? (float)BitConverter.UInt16BitsToHalf(chunk[i])
                        : BitConverter.UInt32BitsToSingle((uint)chunk[i] << 16);
                }

                destination = destination[chunk.Length..];
            }
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            throw Unreadable(Where(entry), e);
        }
    }

    /// <summary>For a tensor that nobody asked for.</summary>
    internal CheckpointException Unexpected(SafeTensorsEntry entry) => new(Where(entry), "the model has no such tensor", OtherModel);

    private void RequireCount(SafeTensorsEntry entry, int count)
    {
        if (entry.Count != count)
        {
            throw new CheckpointException(Where(entry), $"it has {entry.Count} elements, {count} are wanted", OtherModel);
        }
    }

    private string Where(SafeTensorsEntry entry) => $"{_where}, tensor {CheckpointException.Quote(entry.Name)}";

    private static CheckpointException Unreadable(string where, Exception e) =>
        new(where, $"reading failed ({e.Message.TrimEnd('.')})", "Check the disk, or use another checkpoint", e);
}
