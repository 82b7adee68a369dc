using System.CommandLine;
using System.Globalization;
using System.IO.Enumeration;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>The options of <c>bench cpu</c>, and how they become a <see cref="CpuBenchRequest"/>.</summary>
internal sealed class CpuBenchOptions
{
    private const string Grid = "cpu-grid.json", None = "none";
    private const int MostThreads = 256, StreamSteps = 20_000;

    private readonly Option<string?> _grid = new("--grid") { Description = "Rows to measure (default: bench/cpu-grid.json)", HelpName = "FILE" };

    private readonly Option<string?> _rows = new("--rows")
    {
        Description = "Names of rows, * for any characters (default: all, and the streams of single steps)",
        HelpName = "A,B*,...",
    };

    private readonly Option<string[]?> _modes = NumberOptions.Words("--mode", "inference (forward), training (forward and backward) (default: the rows' own)", BenchGrid.ModeNames);

    private readonly Option<string[]?> _peers = NumberOptions.Words(
        "--peer", $"Programs to run beside ours: {string.Join(", ", PeerKind.All.Select(kind => kind.Key))}, or none (default: all)", [.. PeerKind.All.Select(kind => kind.Key), None]);

    private readonly Option<int[]?> _threads = new("--threads")
    {
        Description = "Numbers of threads (default: 1,2, as far as there are cores)",
        HelpName = "N,M,...",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string list = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            var numbers = new SortedSet<int>();
            foreach (string word in list.Split(',', StringSplitOptions.TrimEntries))
            {
                if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= MostThreads)
                {
                    numbers.Add(number);
                    continue;
                }

                result.AddError($"--threads: '{word}' is not a whole number from 1 to {MostThreads}");
                return null;
            }

            return [.. numbers];
        },
    };

    private readonly Option<int?> _rounds = NumberOptions.Int32("--rounds", "Times that all sides run in turn (default: 5)", 1, 1000);

    private readonly Option<double?> _seconds = NumberOptions.Real("--seconds", "Seconds of one side in one round, warm-up apart (default: 0.1)", 0, 3600, withoutLow: true);

    private readonly Option<int?> _streamSteps = NumberOptions.Int32(
        "--stream-steps", $"Steps of each stream, 0 for none (default: {StreamSteps}; with --rows none)", 0, 100_000_000);

    /// <summary><c>--json-file</c>.</summary>
    public Option<string?> JsonFile { get; } = new("--json-file") { Description = "Also write the results as JSON to a file", HelpName = "FILE" };

    /// <summary><c>--markdown</c>.</summary>
    public Option<string?> Markdown { get; } = new("--markdown") { Description = "Also write the tables to a file", HelpName = "FILE" };

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _grid, _rows, _modes, _peers, _threads, _rounds, _seconds, _streamSteps, JsonFile, Markdown }) { command.Add(option); }
    }

    /// <summary>What a command line asks for.</summary>
    /// <exception cref="UsageException">A bad grid, rows that are not there or are for something else.</exception>
    public CpuBenchRequest Request(ParseResult given)
    {
        string path = given.GetValue(_grid) ?? Baselines.FindGrid(Grid) ?? throw new UsageException($"--grid: bench/{Grid} is not here; run from a clone, or name a grid");
        IReadOnlyList<BenchRow> rows = Chosen(given, BenchGrid.Read(path), path);
        if (given.GetValue(_modes) is { Length: > 0 } modes) { rows = [.. rows.Select(row => row with { Training = [.. modes.Select(mode => mode == BenchGrid.ModeNames[1])] })]; }
        foreach (BenchRow row in rows)
        {
            if (row.Shape.Lengths is not null || row.Shape.Resets > 0) { throw new UsageException($"row {row.Name}: bench cpu measures sequences of one length without resets; bench kernels measures others"); }
            BenchOptions.RequireMeasurable(row);
        }

        string[] peers = given.GetValue(_peers) is { Length: > 0 } chosen ? chosen : [.. PeerKind.All.Select(kind => kind.Key)];
        if (peers.Contains(None) && peers.Length > 1) { throw new UsageException($"--peer: {None} does not go with others"); }
        int[] threads = given.GetValue(_threads) is { Length: > 0 } numbers ? numbers : Environment.ProcessorCount > 1 ? [1, 2] : [1];
        return new CpuBenchRequest(
            rows,
            threads,
            [.. PeerKind.All.Where(kind => peers.Contains(kind.Key))],
            given.GetValue(_rounds) ?? 5,
            given.GetValue(_seconds) ?? 0.1,
            given.GetValue(_streamSteps) ?? (given.GetValue(_rows) is null ? StreamSteps : 0));
    }

    private BenchRow[] Chosen(ParseResult given, IReadOnlyList<BenchRow> grid, string path)
    {
        if (given.GetValue(_rows) is not { } list)
        {
            BenchRow[] meant = [.. grid.Where(row => row.OnCpu)];
            return meant.Length > 0 ? meant : throw new UsageException($"--grid: {path} has no rows for a CPU; name rows with --rows to run them all the same");
        }

        string[] patterns = list.Split(',', StringSplitOptions.TrimEntries);
        foreach (string pattern in patterns)
        {
            if (!grid.Any(row => Matches(pattern, row))) { throw new UsageException($"--rows: {path} has no row '{pattern}'; it has {string.Join(", ", grid.Select(row => row.Name))}"); }
        }

        return [.. grid.Where(row => patterns.Any(pattern => Matches(pattern, row)))];
    }

    private static bool Matches(string pattern, BenchRow row) => FileSystemName.MatchesSimpleExpression(pattern, row.Name);
}
