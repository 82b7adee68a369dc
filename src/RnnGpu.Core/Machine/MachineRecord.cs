namespace RnnGpu.Core;

/// <summary>Which device figures and choices belong to: they are of no use on another one.</summary>
/// <param name="Kind"><c>cpu</c> or <c>gpu</c>.</param>
/// <param name="Parts">What tells the device from others: name, driver, cores, instruction set; the name first.</param>
public sealed record MachineKey(string Kind, IReadOnlyList<(string Name, string Value)> Parts)
{
    /// <summary>Name of the device's file: readable, and different for different parts.</summary>
    public string FileName
    {
        get
        {
            // FNV-1a over everything; the words in front are for people.
            ulong hash = 0xCBF29CE484222325;
            foreach (char c in ToString()) { hash = (hash ^ c) * 0x100000001B3; }
            var words = new System.Text.StringBuilder(Kind).Append('-');
            foreach (char c in Parts.Count > 0 ? Parts[0].Value : "")
            {
                if (words.Length >= 48) { break; }
                if (char.IsAsciiLetterOrDigit(c)) { words.Append(char.ToLowerInvariant(c)); }
                else if (words[^1] != '-') { words.Append('-'); }
            }

            return $"{words.ToString().TrimEnd('-')}-{hash:x16}.json";
        }
    }

    /// <inheritdoc/>
    public bool Equals(MachineKey? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind}: {string.Join(", ", Parts.Select(part => $"{part.Name} {part.Value}"))}";
}

/// <summary>A figure that a machine is measured for, and what it can be on any machine: a file that says something else is not believed.</summary>
/// <param name="Name">As in the file: <c>memory_bytes_per_second</c>.</param>
/// <param name="Least">Smallest value that makes sense.</param>
/// <param name="Most">Largest.</param>
public sealed record FigureRange(string Name, double Least, double Most);

/// <summary>What was measured on one device: constants for the models that predict times, and for problems the strategy that was fastest.</summary>
/// <param name="Key">The device.</param>
/// <param name="Figures">By name; all of them, or none if the device was not calibrated.</param>
/// <param name="Choices">Strategy by problem, as <c>rnngpu plan --tune</c> found them.</param>
public sealed record MachineRecord(MachineKey Key, IReadOnlyDictionary<string, double> Figures, IReadOnlyDictionary<string, string> Choices);

/// <summary>What was found of a device, and what there is to say about it.</summary>
/// <param name="Record">What was measured; null: nothing that can be used.</param>
/// <param name="Note">One line for people: from which file, or why there is none and what to do.</param>
public sealed record MachineLookup(MachineRecord? Record, string Note);
