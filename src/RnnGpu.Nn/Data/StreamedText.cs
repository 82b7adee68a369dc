using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn.Data;

/// <summary>
/// Windows of a text file of any size for truncated back-propagation through time, without holding the file: it is cut in B parts of
/// about equal bytes that are read side by side, each through a buffer of fixed size. A window continues where the one before it
/// ended; a part that has ended is padded, and its targets do not count. An epoch ends when all parts have; every token but the first
/// of each part is a target once. The cursor is a place in each part, so a resumed run gets the same windows. <see cref="Next"/> allocates nothing.
/// </summary>
public sealed class StreamedText : IBatchSource<TokenBatch>, IDisposable
{
    private readonly string _path;
    private readonly TextUnit _unit;
    private readonly WordVocabulary _vocabulary;
    private readonly int _endOfLine;
    private readonly int _bufferBytes;
    private readonly long _bytes;
    private readonly long[] _starts;
    private readonly TextRange[] _parts;
    private long _epoch;

    /// <summary>Over a file.</summary>
    /// <param name="path">UTF-8 text.</param>
    /// <param name="unit">Words or characters.</param>
    /// <param name="vocabulary">Gives the ids.</param>
    /// <param name="streams">B: parts side by side.</param>
    /// <param name="endOfLine">The word that ends a line, where the unit is words.</param>
    /// <param name="bufferBytes">Of each part, at least 16; the longest word must fit.</param>
    /// <exception cref="DataException">The file is missing, or too short for so many parts.</exception>
    public StreamedText(string path, TextUnit unit, WordVocabulary vocabulary, int streams, string endOfLine = "<eos>", int bufferBytes = 1 << 16)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentOutOfRangeException.ThrowIfLessThan(streams, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, 16);
        (_path, _unit, _vocabulary, _bufferBytes, Streams) = (path, unit, vocabulary, bufferBytes, streams);
        _endOfLine = vocabulary.Id(endOfLine);
        _starts = new long[streams + 1];
        using (Stream file = TextSource.File(path).Open())
        {
            _bytes = file.Length;
            for (int b = 1; b < streams; b++) { _starts[b] = Boundary(file, _bytes / streams * b); }
        }

        _starts[streams] = _bytes;
        _parts = new TextRange[streams];
        try
        {
            for (int b = 0; b < streams; b++)
            {
                _parts[b] = Open(b);
                if (_parts[b].Ahead == TextRange.Ended) { throw new DataException($"{path}: the text is too short for {streams} parts of at least two {unit.ToString().ToLowerInvariant()}"); }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>B.</summary>
    public int Streams { get; }

    /// <inheritdoc/>
    public bool EpochEnded { get; private set; }

    /// <summary>The vocabulary of a file, of which one line at a time is held.</summary>
    /// <param name="path">UTF-8 text.</param>
    /// <param name="unit">Words or characters.</param>
    /// <param name="minCount">Tokens that come less often are left out.</param>
    /// <param name="maxSize">Largest size; rarer tokens are left out.</param>
    /// <param name="endOfLine">The word that ends a line, where the unit is words.</param>
    /// <exception cref="DataException">The file cannot be read, or is no text.</exception>
    public static WordVocabulary Vocabulary(string path, TextUnit unit, int minCount = 1, int maxSize = int.MaxValue, string endOfLine = "<eos>") =>
        WordVocabulary.Of(TextLines.Read(TextSource.File(path)).SelectMany(line => Tokens(line.Text, unit, endOfLine)), minCount, maxSize);

    /// <summary>Windows of an epoch, by a pass over the file.</summary>
    /// <param name="steps">T.</param>
    public long CountWindows(int steps)
    {
        long windows = 0;
        for (int b = 0; b < Streams; b++)
        {
            using TextRange part = Open(b);
            long targets = 0;
            for (; part.Ahead != TextRange.Ended; part.MoveOn()) { targets++; }
            windows = Math.Max(windows, (targets + steps - 1) / steps);
        }

        return windows;
    }

    /// <inheritdoc/>
    public void Next(TokenBatch batch)
    {
        if (batch.Streams != Streams) { throw new ArgumentException($"a batch of {batch.Streams} streams for a text in {Streams} parts", nameof(batch)); }
        EpochEnded = true;
        for (int b = 0; b < Streams; b++)
        {
            TextRange part = _parts[b];
            for (int t = 0; t < batch.Steps; t++)
            {
                bool counts = part.Ahead != TextRange.Ended;
                batch.Inputs[(t * Streams) + b] = counts ? part.Current : WordVocabulary.PaddingId;
                batch.Targets[(t * Streams) + b] = counts ? part.Ahead : -1;
                if (counts) { part.MoveOn(); }
            }

            EpochEnded &= part.Ahead == TextRange.Ended;
        }

        if (!EpochEnded) { return; }
        _epoch++;
        foreach (TextRange part in _parts) { part.Rewind(); }
    }

    /// <inheritdoc/>
    public void Save(JsonObject cursor)
    {
        cursor["epoch"] = _epoch;
        cursor["bytes"] = _bytes;
        cursor["positions"] = new JsonArray([.. _parts.Select(static part => (JsonNode)part.Position)]);
        cursor["inside_lines"] = new JsonArray([.. _parts.Select(static part => (JsonNode)(part.LineHasWords ? 1L : 0L))]);
        cursor["current"] = new JsonArray([.. _parts.Select(static part => (JsonNode)(long)part.Current)]);
        cursor["ahead"] = new JsonArray([.. _parts.Select(static part => (JsonNode)(long)part.Ahead)]);
    }

    /// <inheritdoc/>
    public void Restore(CheckpointSection cursor)
    {
        long epoch = TrainingProgress.Count(cursor, "epoch");
        if (cursor.Int64("bytes") != _bytes) { throw cursor.Bad("bytes", $"{_bytes}, the size of this text"); }
        long[] positions = Parts("positions", b => _starts[b], b => _starts[b + 1]), insideLines = Parts("inside_lines", _ => 0, _ => 1);
        long[] current = Parts("current", _ => TextRange.Ended, _ => _vocabulary.Size - 1), ahead = Parts("ahead", _ => TextRange.Ended, _ => _vocabulary.Size - 1);
        for (int b = 0; b < Streams; b++) { _parts[b].Restore(positions[b], insideLines[b] == 1, (int)current[b], (int)ahead[b]); }
        _epoch = epoch;

        long[] Parts(string name, Func<int, long> least, Func<int, long> most)
        {
            long[] values = cursor.Int64s(name);
            bool good = values.Length == Streams;
            for (int b = 0; good && b < Streams; b++) { good = values[b] >= least(b) && values[b] <= most(b); }
            return good ? values : throw cursor.Bad(name, $"{Streams} places of this text");
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        foreach (TextRange? part in _parts) { part?.Dispose(); }
    }

    private static IEnumerable<string> Tokens(string line, TextUnit unit, string endOfLine)
    {
        if (unit == TextUnit.Characters) { return line.EnumerateRunes().Select(static rune => rune.ToString()).Append("\n"); }
        string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 ? words.Append(endOfLine) : words;
    }

    private TextRange Open(int part) => new(_path, _starts[part], _starts[part + 1], _unit, _vocabulary, _endOfLine, _bufferBytes);

    /// <summary>The first place from a byte on where a part may begin: a line's, or a character's.</summary>
    private long Boundary(Stream file, long place)
    {
        if (place == 0) { return 0; }
        file.Position = _unit == TextUnit.Words ? place - 1 : place;
        while (true)
        {
            int next = file.ReadByte();
            if (next < 0) { return _bytes; }
            if (_unit == TextUnit.Words && next == '\n') { return file.Position; }

            // Not at a line feed, which may belong to a carriage return.
            if (_unit == TextUnit.Characters && (next & 0xC0) != 0x80 && next != '\n') { return file.Position - 1; }
        }
    }
}
