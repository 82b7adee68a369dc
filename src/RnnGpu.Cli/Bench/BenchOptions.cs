using System.CommandLine;
using System.Globalization;
using RnnGpu.Core;

namespace RnnGpu.Cli.Bench;

/// <summary>The options of <c>bench kernels</c>, and how they become a <see cref="BenchRequest"/>.</summary>
internal sealed class BenchOptions
{
    /// <summary>Value of <c>--peer</c> that runs PyTorch.</summary>
    public const string Torch = "torch";

    private readonly Option<string?> _grid = new("--grid") { Description = "Rows to measure, such as bench/grid.json; without it, one stack by the options below", HelpName = "FILE" };

    private readonly Option<string?> _rows = new("--rows") { Description = "Names of rows of the grid (default: all that are meant for the device)", HelpName = "A,B,..." };

    private readonly Option<string?> _cell = NumberOptions.Word("--cell", "Recurrent cell (default: lstm)", CommonOptions.Cells);

    private readonly Option<int?> _input = NumberOptions.Int32("--input", "Features of the input (default: as --hidden)", 1, RnnSpec.MaxSize);

    private readonly Option<int?> _hidden = NumberOptions.Int32("--hidden", "Units of each layer (default: 256)", 1, RnnSpec.MaxSize);

    private readonly Option<int?> _batch = NumberOptions.Int32("--batch", "Sequences side by side (default: 32)", 1, RnnPlanOptions.MaxBatch);

    private readonly Option<int?> _steps = NumberOptions.Int32("--steps", "Time steps (default: 64)", 1, RnnPlanOptions.MaxSteps);

    private readonly Option<int?> _layers = NumberOptions.Int32("--layers", "Layers (default: 1)", 1, RnnSpec.MaxLayers);

    private readonly Option<bool> _bidirectional = new("--bidirectional") { Description = "Run each layer in both directions" };

    private readonly Option<LengthRange?> _lengths = new("--lengths")
    {
        Description = "Lengths of the sequences, uniform between two numbers (default: all as --steps)",
        HelpName = "MIN..MAX",
        CustomParser = result =>
        {
            string word = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            string[] ends = word.Split("..");
            if (ends.Length == 2 && int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int least)
                && int.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out int most) && least <= most)
            {
                return new LengthRange(least, most);
            }

            result.AddError($"--lengths: '{word}' is no range MIN..MAX, such as 50..500");
            return null;
        },
    };

    private readonly Option<double?> _resets = NumberOptions.Real("--resets", "Probability with which a row's state is cleared before a step (default: 0)", 0, 1);

    private readonly Option<string[]?> _dtypes = NumberOptions.Words(
        "--dtype", "Precisions of products: fp32, tf32, bf16, fp16 (default: the rows' own; for one stack fp32)", [.. Enum.GetValues<ComputeMode>().Select(BenchNames.Of)]);

    private readonly Option<string[]?> _modes = NumberOptions.Words("--mode", "inference (forward), training (forward and backward) (default: the rows' own, or both)", BenchGrid.ModeNames);

    private readonly Option<string[]?> _strategies = NumberOptions.Words(
        "--strategy", $"Forms to measure: all, or some of {string.Join(", ", BenchStrategy.All.Select(strategy => strategy.Name))} (default: all)",
        ["all", .. BenchStrategy.All.Select(strategy => strategy.Name)]);

    private readonly Option<double?> _seconds = NumberOptions.Real("--seconds", "Seconds of each measurement, warm-up apart (default: 1)", 0, 3600, withoutLow: true);

    private readonly Option<int?> _repeats = NumberOptions.Int32("--repeats", "Samples of each measurement (default: as many as fit --seconds, at least 5)", 1, 1_000_000);

    /// <summary><c>--peer</c>.</summary>
    public Option<string?> Peer { get; } = new("--peer") { Description = "Compare with PyTorch: torch runs it now, a file holds what bench/baselines/recurrent_torch.py wrote", HelpName = "torch|FILE" };

    /// <summary><c>--json-file</c>.</summary>
    public Option<string?> JsonFile { get; } = new("--json-file") { Description = "Also write the results as JSON to a file", HelpName = "FILE" };

    /// <summary><c>--markdown</c>.</summary>
    public Option<string?> Markdown { get; } = new("--markdown") { Description = "Write a table", HelpName = "FILE" };

    /// <summary><c>--svg</c>.</summary>
    public Option<string?> Svg { get; } = new("--svg") { Description = "Write a chart", HelpName = "FILE" };

    /// <summary>Where.</summary>
    public DeviceOptions Device { get; } = new();

    private Option[] Sizes => [_cell, _input, _hidden, _batch, _steps, _layers, _bidirectional, _lengths, _resets];

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _grid, _rows }.Concat(Sizes).Concat([_dtypes, _modes, _strategies, _seconds, _repeats, Peer, JsonFile, Markdown, Svg])) { command.Add(option); }
        Device.AddTo(command, precision: false);
    }

    /// <summary>What a command line asks for.</summary>
    /// <exception cref="UsageException">Options that do not go together, a bad grid, sizes beyond any memory.</exception>
    public BenchRequest Request(ParseResult given, bool onCpu)
    {
        IReadOnlyList<BenchRow> rows = given.GetValue(_grid) is { } path ? Chosen(given, BenchGrid.Read(path), path, onCpu) : [One(given)];
        if (given.GetValue(_dtypes) is { Length: > 0 } dtypes) { rows = [.. rows.Select(row => row with { Modes = [.. dtypes.Select(BenchNames.Mode)] })]; }
        if (given.GetValue(_modes) is { Length: > 0 } modes) { rows = [.. rows.Select(row => row with { Training = [.. modes.Select(mode => mode == BenchGrid.ModeNames[1])] })]; }
        foreach (BenchRow row in rows) { RequireMeasurable(row); }
        string[] names = given.GetValue(_strategies) is { Length: > 0 } strategies && !strategies.Contains("all") ? strategies : [.. BenchStrategy.All.Select(strategy => strategy.Name)];
        return new BenchRequest(
            rows,
            [.. BenchStrategy.All.Where(strategy => names.Contains(strategy.Name))],
            new BenchEffort(given.GetValue(_seconds) ?? 1, given.GetValue(_repeats)));
    }

    private BenchRow[] Chosen(ParseResult given, IReadOnlyList<BenchRow> grid, string path, bool onCpu)
    {
        foreach (Option option in Sizes)
        {
            if (given.GetResult(option) is { Implicit: false }) { throw new UsageException($"{option.Name} does not go with --grid: the rows say what runs"); }
        }

        if (given.GetValue(_rows) is not { } list)
        {
            BenchRow[] meant = [.. grid.Where(row => row.OnCpu == onCpu)];
            return meant.Length > 0 ? meant : throw new UsageException($"--grid: {path} has no rows for {(onCpu ? "a CPU" : "a GPU")}; name rows with --rows to run them all the same");
        }

        return [.. list.Split(',', StringSplitOptions.TrimEntries).Distinct().Select(name => grid.FirstOrDefault(row => row.Name == name)
            ?? throw new UsageException($"--rows: {path} has no row '{name}'; it has {string.Join(", ", grid.Select(row => row.Name))}"))];
    }

    private BenchRow One(ParseResult given)
    {
        if (given.GetValue(_rows) is not null) { throw new UsageException("--rows names rows of a grid: give one with --grid"); }
        _ = Layouts.TryParseCell(given.GetValue(_cell) ?? "lstm", out CellKind cell);
        int hidden = given.GetValue(_hidden) ?? 256, steps = given.GetValue(_steps) ?? 64;
        LengthRange? lengths = given.GetValue(_lengths);
        if (lengths is { } range && range.Max > steps) { throw new UsageException($"--lengths: {range} goes beyond the {steps} steps of --steps"); }
        return new BenchRow
        {
            Name = "-",
            Shape = new BenchShape
            {
                Cell = cell,
                Input = given.GetValue(_input) ?? hidden,
                Hidden = hidden,
                Batch = given.GetValue(_batch) ?? 32,
                Steps = steps,
                Layers = given.GetValue(_layers) ?? 1,
                Bidirectional = given.GetValue(_bidirectional),
                Lengths = lengths,
                Resets = given.GetValue(_resets) ?? 0,
            },
            Modes = [ComputeMode.Fp32],
            Training = [false, true],
        };
    }

    /// <summary>Host arrays hold inputs and outputs whole.</summary>
    /// <exception cref="UsageException">A tensor of the row is too large for that.</exception>
    public static void RequireMeasurable(BenchRow row)
    {
        RnnSpec spec = row.Shape.Spec;
        double widest = Math.Max(spec.InputSize, spec.OutputSize), most = Math.Max(
            (double)row.Shape.Steps * row.Shape.Batch * widest, (double)spec.GateSize * Math.Max(widest, spec.HiddenSize));
        if (most > Array.MaxLength)
        {
            throw new UsageException($"row {row.Name}: {row.Shape} has a tensor of {most:0.0e+0} numbers, more than can be measured; lower the steps, the batch or the sizes");
        }
    }
}
