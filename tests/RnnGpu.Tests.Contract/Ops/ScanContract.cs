using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractTheory]
    [InlineData(ScanCellKind.Diagonal)]
    [InlineData(ScanCellKind.MinGru)]
    [InlineData(ScanCellKind.MinLstm)]
    [InlineData(ScanCellKind.Sru)]
    [InlineData(ScanCellKind.Qrnn)]
    public void Scans_and_their_gradients_equal_the_reference(ScanCellKind cell)
    {
        IEnumerable<ScanCase> cases =
        [
            .. ScanCase.Options(cell, 5, 3, 7), new(cell, 1, 1, 1), new(cell, 2, 1, 63, HasResets: true), new(cell, 2, 3, 16, HasLengths: true),
            new(cell, 3, 17, 65, HasLengths: true, HasResets: true, Reverse: true), new(cell, 1000, 1, 7, HasResets: true), new(cell, 1000, 3, 1, HasLengths: true),
            new(cell, 37, 2, 130), new(cell, 2, 3, 16, HasInitial: false, Reverse: true),
        ];
        int turn = 0;
        foreach (ScanCase x in cases)
        {
            var reference = new ScanReference(x);
            bool withY = turn++ % 5 != 4;
            ScanTrace trace = reference.Forward();
            ScanGradients expected = reference.Backward(trace, withY);
            var run = new ScanRun(Backend, x, reference, withY);
            double forward = Tolerances.ScanForward(Math.Max(1, Compare.Largest(trace.States)));
            if (withY) { Compare.Near($"{x}: y", trace.Y, run.Y, forward); }
            Compare.Near($"{x}: last states", trace.Last, run.Last, forward);

            double largest = Math.Max(1, Math.Max(Compare.Largest(expected.Gates), Compare.Largest(expected.Initial))), backward = Tolerances.ScanBackward(largest);
            Compare.Near($"{x}: gradient of gates", expected.Gates, run.DGates, backward);
            Compare.Near($"{x}: gradient of initial states", expected.Initial, run.DInitial, backward);
            Compare.Near($"{x}: gradient of the highway input", expected.Highway, run.DHighway, backward);
            Compare.Near($"{x}: gradient of peepholes", expected.Peepholes, run.DPeepholes, backward * 4 * Math.Sqrt(x.Steps));
            CheckZeroWhereInactive(x, run);
        }
    }

    [ContractTheory]
    [InlineData(ScanCellKind.Diagonal)]
    [InlineData(ScanCellKind.MinLstm)]
    [InlineData(ScanCellKind.Sru)]
    [InlineData(ScanCellKind.Qrnn)]
    public void Scans_in_place_give_the_same_bits(ScanCellKind cell)
    {
        foreach (ScanCase x in (ScanCase[])[new(cell, 4, 3, 33, HasLengths: true, HasResets: true), new(cell, 3, 2, 16, OwnHighway: cell == ScanCellKind.Sru, Reverse: true)])
        {
            var reference = new ScanReference(x);
            ScanRun apart = new(Backend, x, reference), inPlace = new(Backend, x, reference, inPlace: true);
            for (int i = 0; i < apart.All.Length; i++) { Compare.Bits($"{x}: result {i} in place", apart.All[i], inPlace.All[i]); }
        }
    }

    [ContractFact]
    public void Scans_refuse_shapes_that_do_not_fit()
    {
        using var tensors = new GuardedTensors(Backend);
        TensorView gates = tensors.Source("gates", new float[24], 2, 2, 6).View, odd = tensors.Source("odd", new float[20], 2, 2, 5).View;
        TensorView last = tensors.Updated("last", new float[6], 2, 3).View, y = tensors.Updated("y", new float[12], 2, 2, 3).View;
        TensorView three = tensors.Source("three", new int[3], 3).View;
        var scan = new ScanOperands { Cell = ScanCellKind.MinGru, Gates = gates };
        Assert.Contains("[T, B, 2 H]", RefusalOf(() => Backend.ScanForward(scan with { Gates = odd }, default, y, last)), StringComparison.Ordinal);
        Assert.Contains("last", RefusalOf(() => Backend.ScanForward(scan, default, y, y)), StringComparison.Ordinal);
        Assert.Contains("states", RefusalOf(() => Backend.ScanForward(scan, y, y, last)), StringComparison.Ordinal);
        Assert.Contains("lengths", RefusalOf(() => Backend.ScanForward(scan with { Lengths = three }, default, y, last)), StringComparison.Ordinal);
        Assert.Contains("peepholes", RefusalOf(() => Backend.ScanForward(scan with { Peepholes = last }, default, y, last)), StringComparison.Ordinal);
        Assert.Contains("dPeepholes", RefusalOf(() => Backend.ScanBackward(
            new ScanOperands { Cell = ScanCellKind.Sru, Gates = gates.Reshape(new Shape(2, 1, 12)), Peepholes = last },
            tensors.Source("states", new float[6], 2, 1, 3).View, default, tensors.Updated("dState", new float[3], 1, 3).View, gates, default, default)), StringComparison.Ordinal);
    }

    private static void CheckZeroWhereInactive(ScanCase x, ScanRun run)
    {
        foreach ((float[] values, int width) in new[] { (run.Y, x.Hidden), (run.DGates, x.GateColumns), (run.DHighway, x.Hidden) })
        {
            for (int i = 0; i < values.Length; i++)
            {
                int t = i / width / x.Batch, row = i / width % x.Batch;
                if (!x.IsActive(t, row) && values[i] != 0) { Assert.Fail($"{x}: {values[i]} at the inactive step {t} of row {row}"); }
            }
        }
    }
}
