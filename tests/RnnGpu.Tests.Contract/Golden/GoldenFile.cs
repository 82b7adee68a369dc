using System.Text.Json;
using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>What PyTorch gave for one network; see <c>tests/golden/make_golden.py</c>, whose formula <see cref="Make"/> repeats.</summary>
public sealed class GoldenCase
{
    private const int X = 0, H0 = 1, C0 = 2, LossY = 3, LossH = 4, LossC = 5, Parameters = 10;
    private readonly JsonElement _values;
    private readonly (int Steps, int Batch, int Input, int Hidden) _sizes;

    internal GoldenCase(JsonElement values, (int Steps, int Batch, int Input, int Hidden) sizes)
    {
        (_values, _sizes) = (values, sizes);
        string name = values.GetProperty("cell").GetString()!;
        Cell = Layouts.TryParseCell(name, out CellKind cell) ? cell : throw new InvalidDataException($"golden values of the unknown cell {name}");
        Layers = values.GetProperty("layers").GetInt32();
        Bidirectional = values.GetProperty("bidirectional").GetBoolean();
        HasStates = values.GetProperty("states").GetBoolean();
        JsonElement lengths = values.GetProperty("lengths");
        Lengths = lengths.ValueKind == JsonValueKind.Null ? null : [.. lengths.EnumerateArray().Select(length => length.GetInt32())];
    }

    public CellKind Cell { get; }

    public int Layers { get; }

    public bool Bidirectional { get; }

    public bool HasStates { get; }

    public int[]? Lengths { get; }

    /// <summary>Results by name: y, h, c, dx, dh0, dc0; null where the network has none.</summary>
    public double[]? this[string name] => _values.TryGetProperty(name, out JsonElement array) ? Numbers(array) : null;

    /// <summary>The gradient of a parameter by PyTorch's name.</summary>
    public double[] ParameterGradient(string name) => Numbers(_values.GetProperty("parameters").GetProperty(name));

    /// <summary>The network and its input, from the recipe's integer formula.</summary>
    public StackProblem Make()
    {
        (int steps, int batch, int input, int hidden) = _sizes;
        var stack = new StackReference(Cell, input, hidden, Layers, Bidirectional, steps, batch);
        int states = Layers * stack.Directions * batch * hidden;
        for (int i = 0; i < stack.Parameters.Length; i++)
        {
            for (int p = 0; p < 4; p++) { Fill(Parameters + (4 * i) + p, 1, stack.Parameters[i].All[p].Values); }
        }

        var made = new StackInput
        {
            X = Fill(X, 2, new double[steps * batch * input]),
            H0 = HasStates ? Fill(H0, 1, new double[states]) : null,
            C0 = HasStates && Layouts.HasCellState(Cell) ? Fill(C0, 2, new double[states]) : null,
            Lengths = Lengths,
        };
        return new StackProblem(
            stack, made, Fill(LossY, 1, new double[steps * batch * stack.Directions * hidden]), Fill(LossH, 1, new double[states]),
            Fill(LossC, 1, new double[states]));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Layouts.Name(Cell)}, {Layers} layers{(Bidirectional ? ", bidirectional" : "")}{(Lengths is null ? "" : ", lengths")}{(HasStates ? ", states" : "")}";

    private static double[] Fill(int tensor, double scale, double[] values)
    {
        for (long i = 0; i < values.Length; i++)
        {
            values[i] = ((((31 * i * i) + (7919 * i) + (104729 * tensor) + 12345) % 2003) - 900) / 2048.0 * scale;
        }

        return values;
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];
}

/// <summary>The committed golden values.</summary>
public static class GoldenFile
{
    /// <summary>Where the recipe wrote them.</summary>
    public static string FilePath => Path.Combine(Repository.Root, "tests", "golden", "pytorch_rnn.json");

    public static IReadOnlyList<GoldenCase> Cases { get; } = Load();

    private static GoldenCase[] Load()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(FilePath));
        JsonElement root = document.RootElement.Clone();
        var sizes = (root.GetProperty("steps").GetInt32(), root.GetProperty("batch").GetInt32(), root.GetProperty("input").GetInt32(), root.GetProperty("hidden").GetInt32());
        return [.. root.GetProperty("cases").EnumerateArray().Select(values => new GoldenCase(values, sizes))];
    }
}
