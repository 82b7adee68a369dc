using System.Text.RegularExpressions;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;

namespace RnnGpu.Cli;

/// <summary>A command line that does not make sense; the message names the option.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>An error as users see it: one line and an exit code. The one place that turns exceptions into either.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Message">One line.</param>
internal sealed partial record Failure(ExitCode Code, string Message)
{
    /// <summary>What to tell about an exception.</summary>
    public static Failure Of(Exception exception) => exception switch
    {
        AggregateException { InnerException: { } inner } => Of(inner),
        TypeInitializationException { InnerException: { } inner } => Of(inner),
        UsageException or StrategyNotAvailableException => new Failure(ExitCode.Usage, OneLine(exception.Message)),
        CheckpointException { InnerException: IOException and not (FileNotFoundException or DirectoryNotFoundException) or UnauthorizedAccessException } =>
            new Failure(ExitCode.InputOutput, OneLine(exception.Message)),
        CheckpointException => new Failure(ExitCode.Model, OneLine(exception.Message)),
        DataException => new Failure(ExitCode.Data, OneLine(exception.Message)),
        PlanDoesNotFitException => new Failure(ExitCode.Memory, OneLine(exception.Message)),
        OutOfDeviceMemoryException => new Failure(ExitCode.Memory, OneLine(exception.Message)),
        CudaException { Status: CudaResult.OutOfMemory } => new Failure(ExitCode.Memory, OneLine(exception.Message)),
        CudaException => new Failure(ExitCode.Device, OneLine(exception.Message)),
        InsufficientMemoryException => new Failure(ExitCode.Memory, OneLine(exception.Message)),
        OutOfMemoryException => new Failure(
            ExitCode.Memory, "out of memory: use a smaller --batch, --hidden or --seq-length"),
        NumericFailureException or NotFiniteNumberException => new Failure(ExitCode.Numeric, OneLine(exception.Message)),
        OperationCanceledException => new Failure(ExitCode.Interrupted, "interrupted"),
        IOException or UnauthorizedAccessException => new Failure(ExitCode.InputOutput, OneLine(exception.Message)),
        _ => new Failure(
            ExitCode.Unexpected,
            $"unexpected {exception.GetType().Name}: {OneLine(exception.Message)} (set RNNGPU_DEBUG=1 for the stack trace)"),
    };

    private static string OneLine(string message) => Spaces().Replace(message, " ").Trim();

    [GeneratedRegex(@"\s*[\r\n]+\s*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Spaces();
}
