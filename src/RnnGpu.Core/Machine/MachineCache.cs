namespace RnnGpu.Core;

/// <summary>
/// Where what was measured of this machine is kept between runs: a file a device in a folder of the user's. <c>rnngpu calibrate</c> and
/// <c>rnngpu plan --tune</c> write it, backends read it when they are made. What it says changes which strategy runs, never what is computed.
/// </summary>
public static class MachineCache
{
    /// <summary>Environment variable with another folder, or <c>off</c> for none.</summary>
    public const string Variable = "RNNGPU_CALIBRATION";

    /// <summary>The folder; null: there is none, or it is turned off. Need not exist.</summary>
    public static string? Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) { return IsOff(named) ? null : named; }

            // A relative path is to be ignored, says the XDG base directory specification.
            if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches && caches[0] == '/') { return caches + "/rnngpu"; }
            if (!OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && home[0] == '/') { return home + "/.cache/rnngpu"; }
            string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
            return local.Length > 0 ? local + "/rnngpu" : null;
        }
    }

    /// <summary>The file of a device; null: there is no folder.</summary>
    public static string? FileOf(MachineKey key) => Folder is { } folder ? $"{folder}/{key.FileName}" : null;

    /// <summary>Looks a device up. Throws nothing: what cannot be used is left aside, and the note says why.</summary>
    /// <param name="key">The device.</param>
    /// <param name="ranges">The figures of its kind.</param>
    /// <param name="open">Opens a file to read; null: there is none, or nothing in it.</param>
    /// <param name="device">As on the command line, for the note.</param>
    public static MachineLookup Load(MachineKey key, IReadOnlyList<FigureRange> ranges, Func<string, Stream?> open, string device)
    {
        if (FileOf(key) is not { } file)
        {
            string why = IsOff(Environment.GetEnvironmentVariable(Variable) ?? "") ? $"{Variable} is off" : $"there is no folder for caches; name one in {Variable}";
            return new MachineLookup(null, $"built-in figures: {why}");
        }

        string advice = $"run `rnngpu calibrate --device {device}`";
        try
        {
            using Stream? stream = open(file);
            if (stream is null) { return new MachineLookup(null, $"built-in figures, since this device was not measured: {advice}"); }
            var text = new byte[MachineFormat.MostBytes + 1];
            int length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            MachineRecord? record = MachineFormat.Read(text.AsMemory(0, length), key, ranges, out string problem);
            return record is null
                ? new MachineLookup(null, $"built-in figures, since {file} cannot be used: {problem}; {advice}")
                : new MachineLookup(record, record.Figures.Count > 0 ? $"measured on this device, from {file}" : $"built-in figures, but strategies measured, from {file}: {advice}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return new MachineLookup(null, $"built-in figures, since {file} cannot be read ({e.Message}): {advice}");
        }
    }

    private static bool IsOff(string value) => value.Equals("off", StringComparison.OrdinalIgnoreCase);
}
