using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// Writes one safetensors file: 8 bytes of header length (little-endian), a JSON header padded with spaces to a multiple of
/// 8 bytes, then the tensors without gaps, in the order of their declaration.
/// First every tensor is declared with <see cref="Add(string, SafeTensorsDType, ReadOnlySpan{long})"/>, then its elements
/// are handed over in order, in chunks of any size, so that no copy of a tensor is made. <see cref="Finish"/> ends the file.
/// </summary>
/// <remarks>
/// Deterministic: the same calls give the same bytes. Metadata is sorted by key (ordinal). The stream is neither flushed nor
/// closed. Failures of the stream pass through as they are. Not thread-safe.
/// Format: https://github.com/huggingface/safetensors#format.
/// </remarks>
public sealed class SafeTensorsWriter
{
    // Keeps the byte count of one stream call within an int, whatever the span's length.
    private const int ChunkElements = 1 << 20;

    private readonly Stream _stream;
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<SafeTensorsEntry> _entries = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private long _end;
    private int _current = -1;
    private long _left;
    private bool _finished;

    /// <summary>A writer to a stream that stands where the file begins.</summary>
    public SafeTensorsWriter(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        SafeTensorsHeader.RequireLittleEndian();
        _stream = stream;
    }

    /// <summary>Adds a pair to the header's <c>__metadata__</c>. Must come before the first element.</summary>
    /// <exception cref="ArgumentException">The key is empty or there already.</exception>
    /// <exception cref="InvalidOperationException">Elements have been written already.</exception>
    public void AddMetadata(string key, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(value);
        RequireDeclaring();
        if (_metadata.Count == SafeTensorsHeader.MaxMetadata)
        {
            throw new ArgumentException($"A file holds at most {SafeTensorsHeader.MaxMetadata} metadata pairs.", nameof(key));
        }

        if (!_metadata.TryAdd(key, value))
        {
            throw new ArgumentException($"The metadata key '{key}' is there already.", nameof(key));
        }
    }

    /// <summary>Declares the next tensor. Its sizes are given slowest axis first; none means a scalar. Tensors of wider types
    /// declared first keep every tensor aligned in the file, which readers that map it into memory like.</summary>
    /// <exception cref="ArgumentException">The name is empty, reserved, too long or there already; the shape has a negative
    /// size, too many axes or more bytes than 64 bits count; or there are too many tensors.</exception>
    /// <exception cref="InvalidOperationException">Elements have been written already.</exception>
    [OverloadResolutionPriority(1)] // for collection expressions, [] among them
    public void Add(string name, SafeTensorsDType dtype, ReadOnlySpan<long> shape)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        RequireDeclaring();
        if (name.Length > SafeTensorsHeader.MaxNameLength || name.Equals(SafeTensorsHeader.MetadataName, StringComparison.Ordinal))
        {
            throw new ArgumentException($"'{name}' is no usable tensor name: it is reserved or too long.", nameof(name));
        }

        if (_entries.Count == SafeTensorsHeader.MaxTensors)
        {
            throw new ArgumentException($"A file holds at most {SafeTensorsHeader.MaxTensors} tensors.", nameof(name));
        }

        long? bytes = SafeTensorsEntry.Bytes(dtype, shape);
        if (shape.Length > SafeTensorsHeader.MaxRank || bytes is null || bytes > long.MaxValue - _end)
        {
            throw new ArgumentException($"Tensor '{name}' cannot have the shape {SafeTensorsEntry.Text(shape)}.", nameof(shape));
        }

        if (!_names.Add(name))
        {
            throw new ArgumentException($"The tensor '{name}' is there already.", nameof(name));
        }

        _entries.Add(new SafeTensorsEntry(name, dtype, ImmutableArray.Create(shape), _end, bytes.Value));
        _end += bytes.Value;
    }

    /// <inheritdoc cref="Add(string, SafeTensorsDType, ReadOnlySpan{long})"/>
    public void Add(string name, SafeTensorsDType dtype, ReadOnlySpan<int> shape)
    {
        var sizes = new long[shape.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = shape[i];
        }

        Add(name, dtype, sizes.AsSpan());
    }

    /// <summary>Writes the next elements of an <see cref="SafeTensorsDType.F32"/> tensor.</summary>
    /// <param name="name">The tensor whose turn it is; naming it catches elements handed over in the wrong order.</param>
    /// <param name="values">The next elements in row-major order, at most as many as are missing.</param>
    /// <exception cref="InvalidOperationException">It is another tensor's turn, its type is another, or the elements are
    /// too many.</exception>
    public void Write(string name, ReadOnlySpan<float> values) => WriteElements(name, values, SafeTensorsDType.F32);

    /// <summary>Writes the next elements of an <see cref="SafeTensorsDType.I32"/> tensor.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{float})"/>
    public void Write(string name, ReadOnlySpan<int> values) => WriteElements(name, values, SafeTensorsDType.I32);

    /// <summary>Writes the next elements of an <see cref="SafeTensorsDType.I64"/> tensor.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{float})"/>
    public void Write(string name, ReadOnlySpan<long> values) => WriteElements(name, values, SafeTensorsDType.I64);

    /// <summary>Writes the next elements of a <see cref="SafeTensorsDType.U8"/> tensor.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{float})"/>
    public void Write(string name, ReadOnlySpan<byte> values) => WriteElements(name, values, SafeTensorsDType.U8);

    /// <summary>Writes the next bytes of a tensor of any type, as they shall stand in the file (little-endian).</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{float})"/>
    public void WriteRaw(string name, ReadOnlySpan<byte> bytes) => WriteElements(name, bytes, dtype: null);

    /// <summary>Ends the file. A file without tensors is valid.</summary>
    /// <exception cref="InvalidOperationException">A tensor lacks elements, or the file was ended before.</exception>
    public void Finish()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        StartData();
        if (_current < _entries.Count)
        {
            throw new InvalidOperationException($"Tensor '{_entries[_current].Name}' still lacks {_left} bytes.");
        }

        _finished = true;
    }

    private void WriteElements<T>(string name, ReadOnlySpan<T> values, SafeTensorsDType? dtype)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        StartData();
        int index = _current;
        if (index == _entries.Count || !_entries[index].Name.Equals(name, StringComparison.Ordinal))
        {
            // An empty tensor needs no call, and gets its turn and its end at once; a call for it is harmless.
            if (values.IsEmpty && _names.Contains(name))
            {
                return;
            }

            string turn = index == _entries.Count ? "all declared tensors are complete" : $"it is the turn of '{_entries[index].Name}'";
            throw new InvalidOperationException($"Elements came for tensor '{name}', but {turn}.");
        }

        SafeTensorsEntry entry = _entries[index];
        if (dtype is not null && dtype != entry.DType)
        {
            throw new InvalidOperationException($"Tensor '{name}' is declared {entry.DType.Name()}, the elements are {dtype.Value.Name()}.");
        }

        int size = Unsafe.SizeOf<T>();
        if ((long)values.Length * size > _left)
        {
            throw new InvalidOperationException(
                $"Tensor '{name}' {entry} lacks {_left} bytes, the chunk has {(long)values.Length * size}.");
        }

        while (!values.IsEmpty)
        {
            ReadOnlySpan<T> chunk = values[..Math.Min(values.Length, ChunkElements)];
            _stream.Write(MemoryMarshal.AsBytes(chunk));
            _left -= (long)chunk.Length * size;
            values = values[chunk.Length..];
        }

        if (_left == 0)
        {
            NextTensor();
        }
    }

    private void StartData()
    {
        if (_current >= 0)
        {
            return;
        }

        ReadOnlySpan<byte> header = Header();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        _stream.Write(length);
        _stream.Write(header);
        NextTensor();
    }

    private void NextTensor()
    {
        do
        {
            _current++;
        }
        while (_current < _entries.Count && _entries[_current].ByteLength == 0);
        _left = _current < _entries.Count ? _entries[_current].ByteLength : 0;
    }

    private ReadOnlySpan<byte> Header()
    {
        var buffer = new ArrayBufferWriter<byte>(256 + (128 * _entries.Count));

        // The header is read by JSON parsers only, never pasted into a page: names may stand in it as plain UTF-8.
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            SafeTensorsHeader.Write(json, _metadata, _entries);
        }

        int padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(8)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        if (buffer.WrittenCount > SafeTensorsHeader.MaxBytes)
        {
            throw new InvalidOperationException(
                $"The header has {buffer.WrittenCount} bytes, the format allows {SafeTensorsHeader.MaxBytes}.");
        }

        return buffer.WrittenSpan;
    }

    private void RequireDeclaring()
    {
        if (_current >= 0 || _finished)
        {
            throw new InvalidOperationException("Tensors and metadata are declared before the first element is written.");
        }
    }
}
