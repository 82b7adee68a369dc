using System.Buffers;
using System.Text;

namespace RnnGpu.Nn.Data;

/// <summary>
/// The lines of text sources, one after the other, read strictly and without holding more than one line: UTF-8 only, lines end
/// at LF (a CR before it is left out; nothing else ends a line, not even U+0085 or U+2028), a byte-order mark at the start is left out. What
/// is not text is a <see cref="DataException"/> that names file, line and column.
/// </summary>
public static class TextLines
{
    /// <summary>Longest line in bytes.</summary>
    public const int MaxBytes = 1 << 26;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The lines of several sources; numbers start anew at each.</summary>
    /// <exception cref="DataException">A source cannot be read, is no text, or has too long a line.</exception>
    public static IEnumerable<TextLine> Read(IEnumerable<TextSource> sources) => sources.SelectMany(Read);

    /// <summary>The lines of a source.</summary>
    /// <exception cref="DataException">It cannot be read, is no text, or has too long a line.</exception>
    public static IEnumerable<TextLine> Read(TextSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        using Stream stream = source.Open();
        byte[] buffer = new byte[1 << 16];
        var held = new ArrayBufferWriter<byte>(256);
        long number = 0;
        while (true)
        {
            int read = Fill(stream, buffer, source.Name);
            if (read == 0) { break; }
            int start = 0;
            while (true)
            {
                int length = buffer.AsSpan(start, read - start).IndexOf((byte)'\n');
                if (length < 0) { break; }
                held.Write(buffer.AsSpan(start, length));
                yield return Line(source.Name, ++number, held);
                start += length + 1;
            }

            held.Write(buffer.AsSpan(start, read - start));
            if (held.WrittenCount > MaxBytes) { throw new DataException($"{source.Name}:{number + 1}: the line is longer than {MaxBytes:N0} bytes; is it a text file?"); }
        }

        if (held.WrittenCount > 0) { yield return Line(source.Name, ++number, held); }
    }

    private static int Fill(Stream stream, byte[] buffer, string name)
    {
        try
        {
            return stream.Read(buffer, 0, buffer.Length);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException or InvalidDataException)
        {
            throw new DataException($"{name}: cannot be read: {e.Message}", e);
        }
    }

    private static TextLine Line(string source, long number, ArrayBufferWriter<byte> held)
    {
        ReadOnlySpan<byte> bytes = held.WrittenSpan;
        if (bytes.Length > 0 && bytes[^1] == '\r') { bytes = bytes[..^1]; }
        if (number == 1 && bytes.StartsWith("\uFEFF"u8)) { bytes = bytes[3..]; }
        int nul = bytes.IndexOf((byte)0);
        if (nul >= 0) { throw new DataException($"{source}:{number}:{nul + 1}: not text but binary: a NUL byte"); }
        try
        {
            return new TextLine(source, number, Strict.GetString(bytes));
        }
        catch (DecoderFallbackException e)
        {
            throw new DataException($"{source}:{number}:{e.Index + 1}: not UTF-8 text: invalid byte 0x{e.BytesUnknown?[0] ?? 0:X2}", e);
        }
        finally
        {
            held.ResetWrittenCount();
        }
    }
}
