namespace RnnGpu.Nn.Checkpoints;

/// <summary>What a manifest says of one of the checkpoint's other files.</summary>
/// <param name="Name">The file's name within the checkpoint's folder.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Sha256">The SHA-256 of its bytes, in lower-case hexadecimal.</param>
public sealed record CheckpointFileEntry(string Name, long Length, string Sha256)
{
    /// <summary>Most characters of a file's name.</summary>
    internal const int MaxNameLength = 100;

    /// <summary>
    /// Whether a name can only mean a file directly in the checkpoint's folder, on every system: ASCII letters, digits, '-',
    /// '_' and '.', with no '.' at either end, and not the manifest itself.
    /// </summary>
    internal static bool IsValidName(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name[0] == '.' || name[^1] == '.'
            || name.Equals(CheckpointManifest.FileName, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}
