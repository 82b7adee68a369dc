using System.Text.Json;
using RnnGpu.Cli;
using RnnGpu.Cli.Training;
using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using Xunit;

namespace RnnGpu.Tests.Cli;

public sealed class ProgramTests
{
    [Fact]
    public async Task Help_lists_every_exit_code()
    {
        CommandLine run = await CommandLine.RunAsync("--help");
        Assert.Equal(ExitCode.Ok, run.Exit);
        Assert.Empty(run.Error);
        foreach ((ExitCode code, string meaning) in ExitCodes.All)
        {
            Assert.Contains($"{(int)code,5}  {meaning}", run.Output, StringComparison.Ordinal);
        }

        Assert.Equal(Enum.GetValues<ExitCode>().Order(), ExitCodes.All.Select(entry => entry.Code));
    }

    [Fact]
    public void The_documentation_lists_the_same_exit_codes()
    {
        string page = File.ReadAllText(Path.Combine(ProjectSources.FindRoot(AppContext.BaseDirectory)!, "docs", "cli.md"));
        string[] table = [.. page.Split('\n').SkipWhile(line => line != "## Exit codes").Skip(4).TakeWhile(line => line.StartsWith('|'))];
        Assert.Equal(ExitCodes.All.Select(entry => $"| {(int)entry.Code} | {entry.Meaning} |"), table);
    }

    [Fact]
    public async Task Info_names_the_machine_in_text_and_as_one_object()
    {
        CommandLine text = await CommandLine.RunAsync("info");
        CommandLine json = await CommandLine.RunAsync("info", "--json");
        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (text.Exit, json.Exit));
        Assert.Equal(Environment.ProcessorCount, json.Json.GetProperty("cores").GetInt32());
        Assert.True(json.Json.GetProperty("memory_bytes").GetInt64() > 1 << 20);
        foreach (JsonProperty property in json.Json.EnumerateObject()) { Assert.Contains(property.Name, text.Output, StringComparison.Ordinal); }
    }

    [Theory]
    [InlineData("no command", new string[0])]
    [InlineData("'fly'", new[] { "fly" })]
    [InlineData("'--fast'", new[] { "info", "--fast" })]
    public async Task Command_lines_that_make_no_sense_end_with_one_line(string part, string[] args)
    {
        CommandLine run = await CommandLine.RunAsync(args);
        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Empty(run.Output);
        Assert.StartsWith("rnngpu: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));

        CommandLine json = await CommandLine.RunAsync([.. args, "--json"]);
        Assert.Equal(ExitCode.Usage, json.Exit);
        Assert.Equal(run.Error, json.Error);
        Assert.Equal(2, json.Json.GetProperty("code").GetInt32());
        Assert.Equal(run.Error, $"rnngpu: {json.Json.GetProperty("error").GetString()}{Environment.NewLine}");
    }

    public static TheoryData<Exception, int> Failures() => new()
    {
        { new UsageException("a"), 2 },
        { new DataException("a"), 3 },
        { new OutOfDeviceMemoryException("cpu", 10), 5 },
        { new OutOfMemoryException("a"), 5 },
        { new CudaException("cuMemAlloc_v2", CudaResult.OutOfMemory, "a", "", "b"), 5 },
        { new CudaException("cuLaunchKernel", CudaResult.LaunchFailed, "a", "", "b"), 8 },
        { new CudaDriverException("a"), 8 },
        { new NotFiniteNumberException("a"), 6 },
        { new IOException("a"), 7 },
        { new UnauthorizedAccessException("a"), 7 },
        { new OperationCanceledException("a"), 130 },
        { new AggregateException(new DataException("a")), 3 },
        { new InvalidOperationException("a"), 1 },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Every_exception_has_its_code(Exception exception, int code) => Assert.Equal((ExitCode)code, Failure.Of(exception).Code);

    [Fact]
    public void Messages_are_one_line_whatever_the_exception_says() =>
        Assert.Equal("a b c", Failure.Of(new DataException("a\n  b\r\n\r\nc\n")).Message);
}
