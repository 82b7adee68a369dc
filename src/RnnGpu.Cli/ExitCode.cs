namespace RnnGpu.Cli;

/// <summary>How the program ends. The one list of exit codes: help and documentation repeat it from here.</summary>
internal enum ExitCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>An error that the program did not foresee.</summary>
    Unexpected = 1,

    /// <summary>A command line that does not make sense.</summary>
    Usage = 2,

    /// <summary>Data missing, empty, binary or too short.</summary>
    Data = 3,

    /// <summary>A checkpoint or model missing, damaged, of another version, or of another shape.</summary>
    Model = 4,

    /// <summary>Memory ran out, on the host or on a device.</summary>
    Memory = 5,

    /// <summary>The loss is no longer a finite number.</summary>
    Numeric = 6,

    /// <summary>Reading or writing failed: disk full, no permission.</summary>
    InputOutput = 7,

    /// <summary>No driver, no such GPU, or one that failed.</summary>
    Device = 8,

    /// <summary>Stopped by Ctrl-C or SIGTERM; training saved a checkpoint first.</summary>
    Interrupted = 130,
}

/// <summary>The exit codes in words.</summary>
internal static class ExitCodes
{
    /// <summary>Every code with its meaning, ascending.</summary>
    public static IReadOnlyList<(ExitCode Code, string Meaning)> All { get; } =
    [
        (ExitCode.Ok, "done"),
        (ExitCode.Unexpected, "an unforeseen error"),
        (ExitCode.Usage, "a command line that does not make sense"),
        (ExitCode.Data, "data missing, empty, binary or too short"),
        (ExitCode.Model, "a checkpoint or model missing, damaged, of another version or shape"),
        (ExitCode.Memory, "out of memory"),
        (ExitCode.Numeric, "the loss is no longer a finite number"),
        (ExitCode.InputOutput, "reading or writing failed: disk full, no permission"),
        (ExitCode.Device, "no driver, no such GPU, or a GPU that failed"),
        (ExitCode.Interrupted, "stopped by Ctrl-C or SIGTERM; training saves first and says how to resume"),
    ];
}
