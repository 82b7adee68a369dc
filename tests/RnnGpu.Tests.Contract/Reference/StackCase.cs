using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>A network with its weights, its input, and weights of a made-up loss sum(LossY y) + sum(LossH hT) + sum(LossC cT).</summary>
public sealed record StackProblem(StackReference Stack, StackInput Input, double[] LossY, double[] LossH, double[] LossC);

/// <summary>One point of the matrix cells x layers x directions x lengths x states x resets, with its data.</summary>
public sealed record StackCase(
    CellKind Cell, int Layers, bool Bidirectional, bool Lengths, bool States, bool Resets, float Dropout = 0)
{
    public int Input { get; init; } = 3;

    public int Hidden { get; init; } = 5;

    public int Steps { get; init; } = 6;

    public int Batch { get; init; } = 4;

    /// <summary>Key of the mask between layer l - 1 and l; its site is the caller's to choose.</summary>
    public Func<int, RandomKey> DropoutKey { get; init; } = static layer => new RandomKey(7, 1, (uint)layer);

    /// <summary>Every cell x 1..3 layers x directions x lengths x states x resets: 240 cases.</summary>
    public static IEnumerable<StackCase> Matrix()
    {
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            for (int bits = 0; bits < 48; bits++)
            {
                yield return new StackCase(
                    cell, 1 + (bits / 16), (bits & 8) != 0, (bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0);
            }
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Layouts.Name(Cell)} {Input} -> {Hidden} x {Layers}{(Bidirectional ? ", bidirectional" : "")}{(Lengths ? ", lengths" : "")}"
        + (States ? ", states" : "") + (Resets ? ", resets" : "") + (Dropout > 0 ? $", dropout {Dropout}" : "");

    private ulong Seed => (ulong)(((((int)Cell * 4) + Layers) * 16) + (Bidirectional ? 8 : 0) + (Lengths ? 4 : 0) + (States ? 2 : 0) + (Resets ? 1 : 0));

    /// <summary>The network with its data.</summary>
    public StackProblem Make()
    {
        var data = new TestData(Seed);
        var stack = new StackReference(Cell, Input, Hidden, Layers, Bidirectional, Steps, Batch);
        int gates = Layouts.Gates(Cell), wide = stack.Directions * Hidden, states = Layers * stack.Directions * Batch * Hidden;
        for (int i = 0; i < stack.Parameters.Length; i++)
        {
            LayerParameters p = stack.Parameters[i];
            TestData.Widen(data.GateWeights(gates, Hidden, stack.InputOf(i / stack.Directions))).CopyTo(p.WeightIh, 0);
            TestData.Widen(data.GateWeights(gates, Hidden, Hidden)).CopyTo(p.WeightHh, 0);
            TestData.Widen(data.Uniform(gates * Hidden, -0.4f, 0.6f)).CopyTo(p.BiasIh, 0);
            TestData.Widen(data.Uniform(gates * Hidden, -0.5f, 0.3f)).CopyTo(p.BiasHh, 0);
        }

        double[][]? masks = null;
        if (Dropout > 0 && Layers > 1)
        {
            masks = new double[Layers - 1][];
            for (int i = 0; i < masks.Length; i++)
            {
                masks[i] = TestData.DropoutMask(DropoutKey(i + 1), Dropout, 0, (long)Steps * Batch * wide);
            }
        }

        var input = new StackInput
        {
            X = TestData.Widen(data.Uniform(Steps * Batch * Input, -0.8f, 1.2f)),
            H0 = States ? TestData.Widen(data.Uniform(states, -0.7f, 0.9f)) : null,
            C0 = States && Layouts.HasCellState(Cell) ? TestData.Widen(data.Uniform(states, -1.1f, 0.9f)) : null,
            Lengths = Lengths ? data.Lengths(Batch, Steps) : null,
            Resets = Resets ? data.Resets(Steps, Batch) : null,
            Masks = masks,
        };
        return new StackProblem(
            stack, input,
            TestData.Widen(data.Uniform(Steps * Batch * wide)), TestData.Widen(data.Uniform(states)), TestData.Widen(data.Uniform(states)));
    }
}
