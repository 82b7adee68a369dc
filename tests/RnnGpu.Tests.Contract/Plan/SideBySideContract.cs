using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    /// <summary>Both directions, or a wavefront over the layers, at the same time or one after another: the same bits, stored, cut and recomputed.</summary>
    [ContractTheory]
    [MemberData(nameof(Stacks))]
    public void Plans_side_by_side_give_the_bits_of_plans_in_turn(CellKind cell, int layers, bool bidirectional)
    {
        var c = new StackCase(cell, layers, bidirectional, Lengths: true, States: true, Resets: true, Dropout: 0.3f);
        StackProblem problem = c.Make();
        var use = new PlanUse { Dropout = c.Dropout, DropoutKey = PlanKey, SideBySide = false };
        using var inTurn = new PlanRun(Backend, problem, use, c.ToString());
        inTurn.Backward();
        foreach ((int? chunk, int? span) in Cuts)
        {
            using var beside = new PlanRun(Backend, problem, use with { Chunk = chunk, Span = span, SideBySide = true }, c.ToString());
            beside.Backward();
            CheckSameBits(inTurn, beside);
        }

        using var inference = new PlanRun(Backend, problem, new PlanUse { Training = false, SideBySide = false }, c.ToString());
        foreach (int chunk in (ReadOnlySpan<int>)[1, 2, 4])
        {
            using var beside = new PlanRun(Backend, problem, new PlanUse { Training = false, StatesInPlace = true, Chunk = chunk, SideBySide = true }, c.ToString());
            Compare.Bits($"{beside}: y", inference.Y, beside.Y);
            Compare.Bits($"{beside}: hT", inference.LastH, beside.LastH);
            Compare.Bits($"{beside}: cT", inference.LastC, beside.LastC);
        }
    }
}
