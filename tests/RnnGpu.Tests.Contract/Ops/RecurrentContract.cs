using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class ProductContract
{
    /// <summary>Steps, batch, hidden: every awkward width, small and odd batches, one step and more.</summary>
    private static readonly (int Steps, int Batch, int Hidden)[] RecurrentSizes =
    [
        (5, 4, 1), (1, 1, 3), (4, 3, 3), (6, 7, 7), (3, 17, 16), (5, 1, 16), (4, 5, 17), (2, 16, 63), (7, 2, 64), (3, 5, 64), (4, 3, 65), (3, 1, 100),
        (2, 9, 100), (4, 2, 168), (2, 33, 17), (12, 6, 7), (2, 70, 65),
    ];

    private static IEnumerable<RecurrentCase> RecurrentCases(CellKind cell)
    {
        for (int i = 0; i < RecurrentSizes.Length; i++)
        {
            (int steps, int batch, int hidden) = RecurrentSizes[i];
            for (int flags = 0; flags < 8; flags += 1 + (i % 3))
            {
                yield return new RecurrentCase(cell, steps, batch, hidden, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0);
            }
        }
    }

    [ContractTheory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.ElmanRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void Recurrent_passes_equal_the_reference(CellKind cell)
    {
        int turn = 0;
        foreach (RecurrentCase bare in RecurrentCases(cell))
        {
            RecurrentCase x = bare.Make(bias: turn % 4 != 3);
            using var run = new RecurrentRun(Backend, x, [x.Steps], (OutputKind)(turn % 3), training: true);
            RecurrenceReference reference = x.Reference(Mode);
            run.Forward();
            RecurrenceTrace trace = reference.Forward(TestData.Widen(x.Pre), TestData.Widen(x.H0), TestData.Widen(x.C0));
            CheckForward(run, x, trace);
            CheckSteps(run, x);

            bool withDy = turn % 5 != 4 && (OutputKind)(turn % 3) != OutputKind.None;
            run.Backward(withDy);
            CheckBackward(run, x, reference.Backward(trace, withDy ? TestData.Widen(x.Dy) : null, TestData.Widen(x.DhLast), TestData.Widen(x.DcLast)));
            turn++;
        }
    }

    private void CheckForward(RecurrentRun run, RecurrentCase x, RecurrenceTrace trace)
    {
        double tolerance = Tolerances.RecurrentForward(x.Hidden, Mode);
        Compare.Near($"{run}: gates", trace.Gates, Masked(x, run.Gates, x.Gates * x.Hidden), tolerance);
        Compare.Near($"{run}: h", trace.H, run.H, tolerance);
        if (run.Y.Length > 0) { Compare.Near($"{run}: y", trace.Y, run.Y, tolerance); }
        if (x.HasExtra) { Compare.Near($"{run}: extra", trace.Extra, run.Extra, tolerance); }
        if (x.HasCellState) { Compare.Near($"{run}: c", trace.C, run.C, tolerance); }
        CheckExactlyZeroWhereInactive($"{run}: y", x, run.Y, x.Hidden);
        CheckExactlyZeroWhereInactive($"{run}: extra", x, run.Extra, x.Hidden);
    }

    private void CheckBackward(RecurrentRun run, RecurrentCase x, RecurrenceGradients expected)
    {
        double tolerance = Tolerances.RecurrentBackward(x.Gates * x.Hidden, Mode)
            * Math.Max(1, Math.Max(Compare.Largest(expected.Gates), Compare.Largest(expected.H)));
        Compare.Near($"{run}: gradient of W x", expected.Gates, run.DGates, tolerance);
        Compare.Near($"{run}: dh", expected.H, run.Dh, tolerance);
        if (x.HasExtra) { Compare.Near($"{run}: extra after backward", expected.Extra, run.DExtra, tolerance); }
        if (x.HasCellState) { Compare.Near($"{run}: dc", expected.C, run.Dc, tolerance); }
        if (x.Cell == CellKind.GruResetBefore) { Compare.Bits($"{run}: p after backward", run.Extra, run.DExtra); }
        CheckExactlyZeroWhereInactive($"{run}: gradient of W x", x, run.DGates, x.Gates * x.Hidden);
        CheckExactlyZeroWhereInactive($"{run}: extra after backward", x, run.DExtra, x.Hidden);
    }

    /// <summary>What an inactive step's gates hold is not defined: 0, as in the reference.</summary>
    private static float[] Masked(RecurrentCase x, float[] values, int width)
    {
        var masked = (float[])values.Clone();
        for (int i = 0; i < masked.Length; i++)
        {
            if (!x.IsActive(i / width / x.Batch, i / width % x.Batch)) { masked[i] = 0; }
        }

        return masked;
    }

    private static void CheckExactlyZeroWhereInactive(string context, RecurrentCase x, float[] values, int width)
    {
        for (int i = 0; i < values.Length; i++)
        {
            int t = i / width / x.Batch, b = i / width % x.Batch;
            if (!x.IsActive(t, b) && values[i] != 0) { Assert.Fail($"{context}: {values[i]} at the inactive step {t} of row {b}"); }
        }
    }

    [ContractTheory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.ElmanRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void Recurrent_chunks_give_the_bits_of_the_whole(CellKind cell)
    {
        foreach ((int batch, int hidden) in new[] { (1, 17), (5, 64), (3, 7), (18, 33) })
        {
            for (int flags = 0; flags < 8; flags++)
            {
                RecurrentCase x = new RecurrentCase(cell, 9, batch, hidden, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0).Make();
                using var whole = new RecurrentRun(Backend, x, [9]);
                using var cut = new RecurrentRun(Backend, x, flags % 2 == 0 ? [4, 3, 2] : [1, 6, 2]);
                whole.Forward();
                cut.Forward();
                CheckSameForward(x, whole, cut);
                whole.Backward();
                cut.Backward();
                CheckSameBackward(whole, cut);
            }
        }
    }

    [ContractTheory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.ElmanRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void Recurrent_rows_do_not_depend_on_one_another(CellKind cell)
    {
        foreach ((int batch, int hidden, int flags) in new[] { (7, 17, 7), (13, 65, 0), (4, 100, 6), (19, 16, 3) })
        {
            RecurrentCase x = new RecurrentCase(cell, 4, batch, hidden, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0).Make();
            using var together = new RecurrentRun(Backend, x, [4]);
            together.Forward();
            together.Backward();
            int wide = x.Gates * hidden;
            for (int b = 0; b < batch; b++)
            {
                RecurrentCase row = x.Row(b);
                using var alone = new RecurrentRun(Backend, row, [4]);
                alone.Forward();
                Compare.Bits($"{x}: gates of row {b}", Masked(row, alone.Gates, wide), x.Slice(Masked(x, together.Gates, wide), wide, b));
                Compare.Bits($"{x}: h of row {b}", alone.H, x.Slice(together.H, hidden, b));
                Compare.Bits($"{x}: y of row {b}", alone.Y, x.Slice(together.Y, hidden, b));
                alone.Backward();
                Compare.Bits($"{x}: gradient of W x of row {b}", alone.DGates, x.Slice(together.DGates, wide, b));
                Compare.Bits($"{x}: dh of row {b}", alone.Dh, together.Dh.AsSpan(b * hidden, hidden));
            }
        }
    }

    [ContractTheory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void Recurrent_weights_packed_for_inference_give_the_same_bits(CellKind cell)
    {
        foreach ((int batch, int hidden) in new[] { (1, 65), (6, 33) })
        {
            RecurrentCase x = new RecurrentCase(cell, 3, batch, hidden, Reverse: false, HasLengths: true, HasResets: false).Make();
            using var training = new RecurrentRun(Backend, x, [3]);
            using var inference = new RecurrentRun(Backend, x, [3], OutputKind.Strided, training: false);
            training.Forward();
            inference.Forward();
            CheckSameForward(x, training, inference);
        }
    }

    private static void CheckSameForward(RecurrentCase x, RecurrentRun expected, RecurrentRun actual)
    {
        int wide = x.Gates * x.Hidden;
        Compare.Bits($"{actual}: gates", Masked(x, expected.Gates, wide), Masked(x, actual.Gates, wide));
        Compare.Bits($"{actual}: extra", expected.Extra, actual.Extra);
        Compare.Bits($"{actual}: h", expected.H, actual.H);
        Compare.Bits($"{actual}: c", expected.C, actual.C);
        Compare.Bits($"{actual}: y", expected.Y, actual.Y);
        Compare.Bits($"{actual}: last h", expected.LastH, actual.LastH);
        Compare.Bits($"{actual}: last c", expected.LastC, actual.LastC);
    }

    private static void CheckSameBackward(RecurrentRun expected, RecurrentRun actual)
    {
        Compare.Bits($"{actual}: gradient of W x", expected.DGates, actual.DGates);
        Compare.Bits($"{actual}: extra after backward", expected.DExtra, actual.DExtra);
        Compare.Bits($"{actual}: dh", expected.Dh, actual.Dh);
        Compare.Bits($"{actual}: dc", expected.Dc, actual.Dc);
    }
}
