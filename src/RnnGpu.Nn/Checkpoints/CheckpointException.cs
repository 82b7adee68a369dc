using System.Text;

namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// A checkpoint, or one of its files, cannot be written, read or trusted. The message is always one line that a user can
/// act on: where, what is wrong, what to do.
/// </summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes the one-line message <c>where: what. Advice.</c></summary>
    /// <param name="where">The file or folder, with the tensor or field if one is to blame.</param>
    /// <param name="what">What is wrong, without a full stop.</param>
    /// <param name="advice">What the user can do, without a full stop.</param>
    /// <param name="inner">The cause, if another exception told of it.</param>
    public CheckpointException(string where, string what, string advice, Exception? inner = null)
        : base(OneLine($"{where}: {what}. {advice}."), inner)
    {
        Where = where;
        What = what;
        Advice = advice;
    }

    /// <summary>The file or folder, with the tensor or field if one is to blame.</summary>
    public string Where { get; }

    /// <summary>What is wrong.</summary>
    public string What { get; }

    /// <summary>What the user can do.</summary>
    public string Advice { get; }

    /// <summary>True for the exceptions by which the runtime reports that a file or folder could not be used.</summary>
    internal static bool IsFileError(Exception e) =>
        e is IOException or UnauthorizedAccessException or System.Security.SecurityException or NotSupportedException;

    /// <summary>A name from a file, in quotes and cut to a length that fits a message.</summary>
    internal static string Quote(string name) => name.Length <= 80 ? $"'{name}'" : $"'{name.AsSpan(0, 77)}...'";

    // Names come from files nobody vouches for: they must not break the line or steer the terminal.
    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029)
            {
                line.Append('?');
            }
            else
            {
                line.Append(rune);
            }
        }

        return line.ToString();
    }
}
