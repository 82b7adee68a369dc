using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// The manifest of a checkpoint, <c>manifest.json</c>: format name and version, step, name, length and SHA-256 of every
/// other file, the caller's sections, and last the SHA-256 of the manifest's own bytes before that line, so that no damaged
/// bit goes unseen. Deterministic bytes: files and sections are sorted by name, there are no timestamps.
/// </summary>
public sealed class CheckpointManifest
{
    /// <summary>The value of the field <c>format</c>.</summary>
    public const string FormatName = "rnngpu-checkpoint";

    /// <summary>The version of the format that this library writes, and the only one it reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>The manifest's file name.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Most bytes of a manifest.</summary>
    internal const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Most files of a checkpoint besides the manifest.</summary>
    internal const int MaxFiles = 1000;

    private const int MaxDepth = 64;
    private const string Damaged = "The manifest is damaged or was edited: use another checkpoint";

    // The manifest ends with this, 64 hexadecimal digits, and the tail.
    private static readonly byte[] SelfHead = Encoding.ASCII.GetBytes(",\n  \"manifest_sha256\": \"");
    private static readonly byte[] SelfTail = Encoding.ASCII.GetBytes("\"\n}\n");

    private readonly string _where;

    private CheckpointManifest(
        long step, ImmutableArray<CheckpointFileEntry> files, Dictionary<string, CheckpointSection> sections, string where)
    {
        Step = step;
        Files = files;
        Sections = sections;
        _where = where;
    }

    /// <summary>The optimiser steps done when the checkpoint was saved.</summary>
    public long Step { get; }

    /// <summary>Every file besides the manifest, sorted by name.</summary>
    public ImmutableArray<CheckpointFileEntry> Files { get; }

    /// <summary>The caller's objects by name.</summary>
    public IReadOnlyDictionary<string, CheckpointSection> Sections { get; }

    /// <summary>The section of that name.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public CheckpointSection Section(string name) =>
        Sections.TryGetValue(name, out CheckpointSection? section)
            ? section
            : throw new CheckpointException(_where, $"the section '{name}' is missing", "Use a checkpoint that was made for this purpose");

    /// <summary>The bytes of a manifest.</summary>
    /// <exception cref="CheckpointException">The sections make it larger than a reader accepts.</exception>
    internal static byte[] Write(
        long step, IEnumerable<CheckpointFileEntry> files, SortedDictionary<string, JsonObject> sections, string where)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var options = new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n", MaxDepth = MaxDepth };
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            json.WriteStartObject();
            json.WriteString("format", FormatName);
            json.WriteNumber("version", FormatVersion);
            json.WriteNumber("step", step);
            json.WriteStartArray("files");
            foreach (CheckpointFileEntry file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("name", file.Name);
                json.WriteNumber("length", file.Length);
                json.WriteString("sha256", file.Sha256);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("sections");
            foreach ((string name, JsonObject section) in sections)
            {
                json.WritePropertyName(name);
                section.WriteTo(json);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        // The closing "\n}" makes room for the last field.
        ReadOnlySpan<byte> body = buffer.WrittenSpan[..^2];
        string hash = Convert.ToHexStringLower(SHA256.HashData(body));
        byte[] bytes = [.. body, .. SelfHead, .. Encoding.ASCII.GetBytes(hash), .. SelfTail];
        return bytes.Length <= MaxBytes
            ? bytes
            : throw new CheckpointException(
                where, $"the manifest would have {bytes.Length} bytes, at most {MaxBytes} are allowed", "Keep less history");
    }

    /// <summary>Reads a manifest and checks all it says about itself.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="where">The file, for messages.</param>
    /// <exception cref="CheckpointException">It is no manifest, of another version, or damaged.</exception>
    public static CheckpointManifest Read(ReadOnlyMemory<byte> bytes, string where)
    {
        ArgumentNullException.ThrowIfNull(where);
        if (bytes.Length > MaxBytes)
        {
            throw new CheckpointException(where, $"the manifest has {bytes.Length} bytes, at most {MaxBytes} are allowed", Damaged);
        }

        CheckpointSection root;
        try
        {
            var options = new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(bytes, options);
            root = new CheckpointSection(document.RootElement.Clone(), where);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(where, "the manifest is not valid JSON, or a name stands in it twice", Damaged, e);
        }

        RequireFormat(root, where);
        RequireOwnHash(bytes.Span, where);
        long step = root.Int64("step");
        if (step < 0)
        {
            throw new CheckpointException(where, $"the step {step} is negative", Damaged);
        }

        ImmutableArray<CheckpointFileEntry> files = ReadFiles(root, where);
        var sections = new Dictionary<string, CheckpointSection>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.Section("sections").Json.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException(where, $"the section {CheckpointException.Quote(property.Name)} is not an object", Damaged);
            }

            string section = $"{where}, section {CheckpointException.Quote(property.Name)}";
            sections.Add(property.Name, new CheckpointSection(property.Value, section));
        }

        return new CheckpointManifest(step, files, sections, where);
    }

    // Before anything else, as another version may mean anything by its other fields.
    private static void RequireFormat(CheckpointSection root, string where)
    {
        if (root.Json.ValueKind != JsonValueKind.Object || !root.Has("format")
            || !root.String("format").Equals(FormatName, StringComparison.Ordinal))
        {
            throw new CheckpointException(where, $"it does not say that its format is {FormatName}", "Name a checkpoint that this program saved");
        }

        long version = root.Int64("version");
        if (version != FormatVersion)
        {
            throw new CheckpointException(
                where,
                $"the checkpoint has format version {version}, this program reads version {FormatVersion}",
                $"Use {(version > FormatVersion ? "a newer" : "the")} program that wrote it, or another checkpoint");
        }
    }

    private static void RequireOwnHash(ReadOnlySpan<byte> bytes, string where)
    {
        int bodyLength = bytes.Length - (SelfHead.Length + (2 * SHA256.HashSizeInBytes) + SelfTail.Length);
        if (bodyLength < 0)
        {
            throw new CheckpointException(where, "it does not end with its own checksum", Damaged);
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes[..bodyLength]));
        byte[] end = [.. SelfHead, .. Encoding.ASCII.GetBytes(hash), .. SelfTail];
        if (!bytes[bodyLength..].SequenceEqual(end))
        {
            throw new CheckpointException(where, "its bytes do not fit its own checksum", Damaged);
        }
    }

    private static ImmutableArray<CheckpointFileEntry> ReadFiles(CheckpointSection root, string where)
    {
        CheckpointSection[] entries = root.Sections("files");
        if (entries.Length > MaxFiles)
        {
            throw new CheckpointException(where, $"it lists {entries.Length} files, at most {MaxFiles} are allowed", Damaged);
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        ImmutableArray<CheckpointFileEntry>.Builder files = ImmutableArray.CreateBuilder<CheckpointFileEntry>(entries.Length);
        foreach (CheckpointSection entry in entries)
        {
            var file = new CheckpointFileEntry(entry.String("name"), entry.Int64("length"), entry.String("sha256"));
            if (!CheckpointFileEntry.IsValidName(file.Name) || !names.Add(file.Name))
            {
                throw new CheckpointException(
                    where, $"the file name {CheckpointException.Quote(file.Name)} is not allowed or stands twice", Damaged);
            }

            if (file.Length < 0 || file.Sha256.Length != 2 * SHA256.HashSizeInBytes)
            {
                throw new CheckpointException(where, $"length or sha256 of the file '{file.Name}' is malformed", Damaged);
            }

            files.Add(file);
        }

        return files.MoveToImmutable();
    }
}
