using System.Buffers;
using System.Text;

namespace RnnGpu.Nn.Data;

/// <summary>What a text is cut into.</summary>
public enum TextUnit
{
    /// <summary>Words between spaces or tabs, and a mark at the end of every line that has words.</summary>
    Words,

    /// <summary>Unicode scalar values, line feeds included; a carriage return before a line feed is left out.</summary>
    Characters,
}

/// <summary>
/// Token ids of a part of a file, read through a buffer of fixed size, one token ahead. After construction it allocates nothing.
/// </summary>
internal sealed class TextRange : IDisposable
{
    /// <summary><see cref="Ahead"/> after the last token.</summary>
    public const int Ended = -1;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly FileStream _file;
    private readonly TextUnit _unit;
    private readonly WordVocabulary _vocabulary;
    private readonly int _endOfLine;
    private readonly long _end;
    private readonly byte[] _bytes;
    private readonly char[] _chars;
    private long _first; // place of _bytes[0] in the file
    private int _at;
    private int _held;
    private bool _lineHasWords;

    /// <summary>The part of a file between two places at which tokens begin.</summary>
    public TextRange(string path, long start, long end, TextUnit unit, WordVocabulary vocabulary, int endOfLine, int bufferBytes)
    {
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        (Start, _end, _unit, _vocabulary, _endOfLine) = (start, end, unit, vocabulary, endOfLine);
        _bytes = new byte[bufferBytes];
        _chars = new char[bufferBytes];
        Rewind();
    }

    /// <summary>First byte.</summary>
    public long Start { get; }

    /// <summary>The token before <see cref="Ahead"/>.</summary>
    public int Current { get; private set; }

    /// <summary>The next token, or <see cref="Ended"/>.</summary>
    public int Ahead { get; private set; }

    /// <summary>Place in the file behind <see cref="Ahead"/>.</summary>
    public long Position => _first + _at;

    /// <summary>Whether the line at <see cref="Position"/> has words before it.</summary>
    public bool LineHasWords => _lineHasWords;

    /// <summary>To the first two tokens.</summary>
    public void Rewind()
    {
        Seek(Start, lineHasWords: false);
        Current = Read();
        Ahead = Current == Ended ? Ended : Read();
    }

    /// <summary>To a place where a range of this file once stood.</summary>
    public void Restore(long position, bool lineHasWords, int current, int ahead)
    {
        Seek(position, lineHasWords);
        (Current, Ahead) = (current, ahead);
    }

    /// <summary>One token on.</summary>
    public void MoveOn()
    {
        Current = Ahead;
        Ahead = Read();
    }

    public void Dispose() => _file.Dispose();

    private int Read() => _unit == TextUnit.Words ? ReadWord() : ReadCharacter();

    private int ReadWord()
    {
        while (true)
        {
            if (_at == _held && !Fill(keep: 0)) { return EndLine(); }
            byte first = _bytes[_at];
            if (first == (byte)'\n')
            {
                _at++;
                if (_lineHasWords) { return EndLine(); }
                continue;
            }

            if (IsSpace(first))
            {
                _at++;
                continue;
            }

            int length = 0;
            while (_at + length < _held || Fill(keep: length))
            {
                byte next = _bytes[_at + length];
                if (next == (byte)'\n' || IsSpace(next)) { break; }
                length++;
            }

            int id = Id(_bytes.AsSpan(_at, length));
            _at += length;
            _lineHasWords = true;
            return id;
        }
    }

    private int EndLine()
    {
        if (!_lineHasWords) { return Ended; }
        _lineHasWords = false;
        return _endOfLine;
    }

    private int ReadCharacter()
    {
        while (true)
        {
            if (_held - _at < 4) { Fill(keep: _held - _at); }
            if (_at == _held) { return Ended; }
            OperationStatus status = Rune.DecodeFromUtf8(_bytes.AsSpan(_at, _held - _at), out Rune rune, out int length);
            if (status != OperationStatus.Done) { throw Malformed(0); }
            bool lineEnd = rune.Value == '\r' && _at + 1 < _held && _bytes[_at + 1] == (byte)'\n';
            if (rune.Value == 0) { throw Malformed(0); }
            _at += length;
            if (lineEnd || (rune.Value == 0xFEFF && Position == length)) { continue; }
            Span<char> units = stackalloc char[2];
            return _vocabulary.Id(units[..rune.EncodeToUtf16(units)]);
        }
    }

    private int Id(ReadOnlySpan<byte> word)
    {
        if (word.Contains((byte)0)) { throw Malformed(word.IndexOf((byte)0)); }
        if (Position == 0 && word.StartsWith("\uFEFF"u8)) { word = word[3..]; }
        try
        {
            return _vocabulary.Id(_chars.AsSpan(0, Strict.GetChars(word, _chars)));
        }
        catch (DecoderFallbackException e)
        {
            throw Malformed(e.Index);
        }
    }

    private static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\t' or (byte)'\r';

    private void Seek(long position, bool lineHasWords)
    {
        (_first, _at, _held, _lineHasWords) = (position, 0, 0, lineHasWords);
        _file.Position = position;
    }

    /// <summary>Moves what is to be kept to the buffer's front and reads behind it.</summary>
    /// <returns>Whether there was more.</returns>
    private bool Fill(int keep)
    {
        if (keep == _bytes.Length) { throw new DataException($"{_file.Name}: a word at byte {Position} is longer than the buffer of {_bytes.Length:N0} bytes"); }
        _bytes.AsSpan(_at, keep).CopyTo(_bytes);
        _first += _at;
        (_at, _held) = (0, keep);
        int room = (int)Math.Min(_bytes.Length - keep, _end - _first - keep);
        try
        {
            int read = room > 0 ? _file.Read(_bytes, keep, room) : 0;
            _held += read;
            return read > 0;
        }
        catch (IOException e)
        {
            throw new DataException($"{_file.Name}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>An error at a byte behind the present place. Only now is it worth counting lines.</summary>
    private DataException Malformed(int offset)
    {
        long place = Position + offset, line = 1, column = 1;
        using FileStream file = File.OpenRead(_file.Name);
        for (long i = 0; i < place; i += _bytes.Length)
        {
            int read = file.Read(_bytes, 0, (int)Math.Min(_bytes.Length, place - i));
            int newlines = _bytes.AsSpan(0, read).Count((byte)'\n'), last = _bytes.AsSpan(0, read).LastIndexOf((byte)'\n');
            line += newlines;
            column = last >= 0 ? read - last : column + read;
        }

        int bad = file.ReadByte();
        return new DataException(bad == 0
            ? $"{_file.Name}:{line}:{column}: not text but binary: a NUL byte"
            : $"{_file.Name}:{line}:{column}: not UTF-8 text: invalid byte 0x{bad:X2}");
    }
}
