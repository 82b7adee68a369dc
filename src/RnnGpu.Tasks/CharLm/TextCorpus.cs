using System.Buffers;
using System.Text;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.CharLm;

/// <summary>
/// A text as Unicode scalar values (code points), read strictly: what is not UTF-8 text is an error that names file and byte.
/// Several files follow one another, with a line feed between them where the former lacks one at its end. CR LF becomes LF;
/// a byte-order mark at the start of a file is left out.
/// </summary>
public sealed class TextCorpus
{
    /// <summary>Largest text in characters: four bytes of memory each.</summary>
    public const int MaxCharacters = 1 << 29;

    private TextCorpus(int[] codePoints, IReadOnlyList<string> files)
    {
        CodePoints = codePoints;
        Files = files;
    }

    /// <summary>The whole text, one Unicode scalar value a character.</summary>
    public ReadOnlyMemory<int> CodePoints { get; }

    /// <summary>The files it was read from, in order.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>Number of characters.</summary>
    public int Length => CodePoints.Length;

    /// <summary>Reads files and directories (see <see cref="TextFiles"/>).</summary>
    /// <exception cref="DataException">Anything missing, unreadable, empty, binary or too large.</exception>
    public static TextCorpus Read(IReadOnlyList<string> paths, IReadOnlyList<string>? extensions = null)
    {
        IReadOnlyList<string> files = TextFiles.Find(paths, extensions);
        var text = new ArrayBufferWriter<int>(1 << 16);
        foreach (string file in files)
        {
            if (text.WrittenCount > 0 && text.WrittenSpan[^1] != '\n') { Append(text, '\n', file); }
            int before = text.WrittenCount;
            ReadFile(file, text);
            if (text.WrittenCount == before) { throw new DataException($"{file}: the file is empty"); }
        }

        return new TextCorpus(text.WrittenSpan.ToArray(), files);
    }

    /// <summary>A text that is already in memory, with CR LF normalised.</summary>
    /// <exception cref="DataException">An unpaired surrogate.</exception>
    public static TextCorpus FromString(string text)
    {
        var codePoints = new ArrayBufferWriter<int>(Math.Max(text.Length, 1));
        bool carriageReturn = false;
        for (int i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out Rune rune)) { throw new DataException($"the text has an unpaired surrogate at index {i}"); }
            AppendNormalised(codePoints, rune.Value, ref carriageReturn, "the text");
            i += rune.Utf16SequenceLength;
        }

        if (carriageReturn) { Append(codePoints, '\r', "the text"); }
        return new TextCorpus(codePoints.WrittenSpan.ToArray(), []);
    }

    /// <summary>
    /// Cuts the text: the first part is for training, the last <paramref name="validationFraction"/> of it (rounded down to
    /// whole characters) for validation.
    /// </summary>
    /// <param name="validationFraction">Between 0 and 1.</param>
    /// <exception cref="DataException">A part would be too short to learn from or to measure on: below two characters.</exception>
    public (ReadOnlyMemory<int> Training, ReadOnlyMemory<int> Validation) Split(double validationFraction)
    {
        if (!(validationFraction > 0 && validationFraction < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(validationFraction), validationFraction, "the validation part must be between 0 and 1");
        }

        int validation = (int)(Length * validationFraction);
        if (validation < 2 || Length - validation < 2)
        {
            throw new DataException($"the text is too short: {Length} characters, of which {validation} would be for validation");
        }

        return (CodePoints[..^validation], CodePoints[^validation..]);
    }

    private static void ReadFile(string file, ArrayBufferWriter<int> text)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            using FileStream stream = File.OpenRead(file);
            long offset = 0; // of buffer[0] in the file
            int held = 0;
            bool carriageReturn = false, final;
            do
            {
                int read = stream.Read(buffer, held, buffer.Length - held);
                final = read == 0;
                held += read;
                int used = Decode(buffer.AsSpan(0, held), offset, final, file, text, ref carriageReturn);
                offset += used;
                held -= used;
                buffer.AsSpan(used, held).CopyTo(buffer);
            }
            while (!final);

            if (carriageReturn) { Append(text, '\r', file); }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new DataException($"{file}: cannot be read: {e.Message}", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Decodes what is complete, and returns the bytes it used.</summary>
    private static int Decode(
        ReadOnlySpan<byte> bytes, long offset, bool final, string file, ArrayBufferWriter<int> text, ref bool carriageReturn)
    {
        int at = 0;
        while (at < bytes.Length)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes[at..], out Rune rune, out int length);
            if (status == OperationStatus.NeedMoreData && !final) { break; }
            if (status != OperationStatus.Done)
            {
                throw new DataException($"{file}: not UTF-8 text: invalid byte 0x{bytes[at]:X2} at offset {offset + at}");
            }

            if (rune.Value == 0) { throw new DataException($"{file}: not text but binary: a NUL byte at offset {offset + at}"); }
            bool byteOrderMark = rune.Value == 0xFEFF && offset + at == 0;
            if (!byteOrderMark) { AppendNormalised(text, rune.Value, ref carriageReturn, file); }
            at += length;
        }

        return at;
    }

    /// <summary>Holds a carriage return back until the next character shows whether it belongs to a line feed.</summary>
    private static void AppendNormalised(ArrayBufferWriter<int> text, int codePoint, ref bool carriageReturn, string source)
    {
        if (carriageReturn && codePoint != '\n') { Append(text, '\r', source); }
        carriageReturn = codePoint == '\r';
        if (!carriageReturn) { Append(text, codePoint, source); }
    }

    private static void Append(ArrayBufferWriter<int> text, int codePoint, string source)
    {
        if (text.WrittenCount >= MaxCharacters)
        {
            throw new DataException($"{source}: the text exceeds {MaxCharacters:N0} characters; train on a part of it");
        }

        text.GetSpan(1)[0] = codePoint;
        text.Advance(1);
    }
}
