using RnnGpu.Core;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.MemoryCell;

/// <summary>
/// A sequence of the three-gate memory: at every step x2 = 1 adds x1 to the memory, x2 = -1 empties it, x3 = 1 puts it out; otherwise
/// the output is 0. Adding comes before putting out.
/// </summary>
/// <param name="Inputs">x1, x2, x3 of each step.</param>
/// <param name="Outputs">y of each step.</param>
public sealed record MemorySequence(float[] Inputs, float[] Outputs)
{
    /// <summary>T.</summary>
    public int Steps => Outputs.Length;

    /// <summary>With the outputs that the rules give.</summary>
    public static MemorySequence Of(float[] inputs)
    {
        var outputs = new float[inputs.Length / 3];
        float memory = 0;
        for (int t = 0; t < outputs.Length; t++)
        {
            float x1 = inputs[3 * t], x2 = inputs[(3 * t) + 1], x3 = inputs[(3 * t) + 2];
            memory = x2 > 0 ? memory + x1 : x2 < 0 ? 0 : memory;
            outputs[t] = x3 > 0 ? memory : 0;
        }

        return new MemorySequence(inputs, outputs);
    }

    /// <summary>A random one: x1 from 0 to 4; two steps in five add, one in seven empties, half put out.</summary>
    public static MemorySequence Random(PhiloxStream random, int steps)
    {
        var inputs = new float[3 * steps];
        for (int t = 0; t < steps; t++)
        {
            float chance = random.NextFloat();
            inputs[3 * t] = random.NextInt(5);
            inputs[(3 * t) + 1] = chance < 0.4f ? 1 : chance < 0.54f ? -1 : 0;
            inputs[(3 * t) + 2] = random.NextInt(2);
        }

        return Of(inputs);
    }
}

/// <summary>Sequences.</summary>
/// <param name="sequences">In order.</param>
public sealed class MemoryData(IReadOnlyList<MemorySequence> sequences) : TaskData
{
    /// <summary>In order.</summary>
    public IReadOnlyList<MemorySequence> Sequences { get; } = sequences;

    /// <inheritdoc/>
    public override int Count => Sequences.Count;

    /// <inheritdoc/>
    public override string Summary => $"{Count:N0} sequences, {Sequences.Sum(static sequence => sequence.Steps):N0} steps";

    /// <inheritdoc/>
    public override TaskData Subset(IReadOnlyList<int> indices) => new MemoryData([.. indices.Select(i => Sequences[i])]);
}

/// <summary>Reads sequences: <c>x1 x2 x3 y</c> a line, a blank line between sequences.</summary>
public static class MemoryReader
{
    private const double Largest = 1e6;

    /// <summary>Reads sequences, one after the other.</summary>
    /// <param name="lines">Of a file.</param>
    /// <param name="outputs">Whether the lines have y; without it the outputs are those of the rules.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static IEnumerable<MemorySequence> Read(IEnumerable<TextLine> lines, bool outputs)
    {
        var inputs = new List<float>();
        var answers = new List<float>();
        foreach (TextLine line in lines)
        {
            if (line.Text.Length == 0)
            {
                if (answers.Count > 0) { yield return new MemorySequence([.. inputs], [.. answers]); }
                inputs.Clear();
                answers.Clear();
                continue;
            }

            TextField[] fields = line.Split(' ', outputs ? 4 : 3, outputs ? "x1 x2 x3 y" : "x1 x2 x3");
            inputs.Add(Number(fields[0]));
            inputs.Add(fields[1].Whole(-1, 1));
            inputs.Add(fields[2].Whole(0, 1));
            answers.Add(outputs ? Number(fields[3]) : 0f);
        }

        if (answers.Count > 0) { yield return new MemorySequence([.. inputs], [.. answers]); }
    }

    private static float Number(TextField field) =>
        field.Number() is double value && Math.Abs(value) <= Largest ? (float)value : throw field.Error($"'{field.Text}' is beyond {Largest:N0}");
}
