using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Tests.Contract;

namespace RnnGpu.Tests.Nn;

/// <summary>
/// Gradients of every cell written over tensor operations, by finite differences, on the backend of the deriving class: outputs and
/// final states by inputs, initial states and parameters, with lengths and resets.
/// </summary>
public abstract class CellGradients
{
    private static readonly int[] Resets = [0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0];

    /// <summary>Fewer units, steps and layers, for a slow machine.</summary>
    protected virtual bool Small => false;

    private int Hidden => Small ? 2 : 3;

    private int Steps => Small ? 3 : 4;

    protected abstract IBackend CreateBackend();

    [ContractTheory]
    [Xunit.InlineData(1, false)]
    [Xunit.InlineData(2, true)]
    public void LstmWithPeepholes(int layers, bool bidirectional) =>
        Check(layers, bidirectional, (device, inputs) => new LstmVariantCell(device, inputs, Hidden, peepholes: true));

    [ContractTheory]
    [Xunit.InlineData(1, false)]
    [Xunit.InlineData(2, true)]
    public void LstmWithProjection(int layers, bool bidirectional) =>
        Check(layers, bidirectional, (device, inputs) => new LstmVariantCell(device, inputs, Hidden, projection: Hidden - 1));

    [ContractFact]
    public void LstmWithBothAndNoBias() =>
        Check(2, false, (device, inputs) => new LstmVariantCell(device, inputs, Hidden, peepholes: true, projection: Hidden - 1, bias: false));

    [ContractTheory]
    [Xunit.InlineData(1, false)]
    [Xunit.InlineData(2, true)]
    public void Jordan(int layers, bool bidirectional) =>
        Check(layers, bidirectional, (device, inputs) => new JordanCell(device, inputs, Hidden, outputs: 2));

    [ContractFact]
    public void JordanWithAnActivation() =>
        Check(1, false, (device, inputs) => new JordanCell(device, inputs, Hidden, outputs: 2, Activation.Sigmoid));

    [ContractTheory]
    [Xunit.InlineData(1, false, true)]
    [Xunit.InlineData(2, true, true)]
    [Xunit.InlineData(1, false, false)]
    public void ZoneoutOfAnLstm(int layers, bool bidirectional, bool training) =>
        Check(layers, bidirectional, (device, inputs) => new Zoneout(new LstmVariantCell(device, inputs, Hidden), 0.3f, 0.5f), training);

    [ContractFact]
    public void ZoneoutOfAGru() => Check(1, true, (device, inputs) => new Zoneout(new GruVariantCell(device, inputs, Hidden), 0.4f));

    private void Check(int layers, bool bidirectional, Func<Device, int, RecurrentCell> newCell, bool training = true)
    {
        using var device = new Device(CreateBackend(), seed: 7);
        using var stack = new CellStack(device, newCell, inputs: 2, Small ? 1 : layers, bidirectional);
        if (!training) { stack.Eval(); }
        RecurrentCell cell = stack.Cells[0];
        int states = cell.StateSizes.Length, cells = stack.Cells.Count;
        var leaves = new List<(Shape, float[])> { Leaf(1, 1f, new Shape(Steps, 3, 2)) };
        for (int i = 0; i < states; i++) { leaves.Add(Leaf((uint)(2 + i), 0.5f, new Shape(cells, 3, cell.StateSizes[i]))); }

        Tensor All(Tensor[] x)
        {
            // The same masks in every evaluation.
            device.Step = 5;
            CellOutput y = stack.Run(
                x[0], states == 1 ? new CellStates(x[1]) : new CellStates(x[1], x[2]), device.Tensor([Steps, 0, Steps - 1], new Shape(3)),
                device.Tensor(Resets.AsSpan(0, Steps * 3), new Shape(Steps, 3)));
            return states == 1
                ? Tensor.Concat(0, y.Output.Reshape(-1), y.States[0].Reshape(-1))
                : Tensor.Concat(0, y.Output.Reshape(-1), y.States[0].Reshape(-1), y.States[1].Reshape(-1));
        }

        GradientCheck.Run(device, stack, All, [.. leaves]);
    }

    private static (Shape Shape, float[] Values) Leaf(uint site, float scale, Shape shape) => (shape, GradientCheck.Values(shape, site, scale));
}
