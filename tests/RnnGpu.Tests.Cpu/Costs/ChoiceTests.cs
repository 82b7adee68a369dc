using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cpu.Costs;

/// <summary>What was measured of the machine decides how a team shares out a loop, and never what it computes.</summary>
public sealed class ChoiceTests
{
    private static readonly RecurrentCase Case = new RecurrentCase(CellKind.Lstm, 5, 9, 70, Reverse: false, HasLengths: true, HasResets: true).Make();
    private static readonly RecurrentProblem Problem = new(CellKind.Lstm, 70, 9, 5, Training: true);
    private static readonly string[] Names = ["alone", "by-rows", "by-units"];

    private static IBackend Make(params (string Problem, string Strategy)[] choices) => CpuBackend.Create(threads: 2, measured: new MachineRecord(
        new MachineKey("cpu", []), new Dictionary<string, double>(), choices.ToDictionary(choice => choice.Problem, choice => choice.Strategy)));

    private static string[] Taken(IBackend backend) => [.. backend.RecurrentCandidates(Problem).Where(loop => loop.Taken).Select(loop => $"{loop.Pass} {loop.Strategy}")];

    [Fact]
    public void Times_that_were_taken_win_and_bits_stay()
    {
        using IBackend plain = Make();
        using RecurrentRun expected = Run(plain);
        foreach (string name in Names)
        {
            using IBackend backend = Make(("lstm/70/9/2-threads/forward", name), ("lstm/70/9/2-threads/backward", name));
            Assert.Equal([$"forward {name}", $"backward {name}"], Taken(backend));
            using RecurrentRun run = Run(backend);
            Compare.Bits(name, expected.Y, run.Y);
            Compare.Bits(name, expected.DGates, run.DGates);
            Compare.Bits(name, expected.Dh, run.Dh);
        }
    }

    [Fact]
    public void Words_that_mean_nothing_here_are_left_aside()
    {
        using IBackend plain = Make(), odd = Make(
            ("lstm/70/9/3-threads/forward", "alone"), ("lstm/70/9/2-threads/sideways", "alone"), ("lstm/+70/9/2-threads/forward", "alone"), ("lstm/70/9/2-threads/forward", "fastest"),
            ("", "alone"), ("gru/70/9/2-threads/forward", "alone"), ("lstm/70/99999999999/2-threads/forward", "by-units"));
        Assert.Equal(Taken(plain), Taken(odd));
    }

    [Fact]
    public void One_thread_has_nothing_to_choose()
    {
        using IBackend one = CpuBackend.Create(threads: 1);
        Assert.Empty(one.RecurrentCandidates(Problem));
    }

    private static RecurrentRun Run(IBackend backend)
    {
        var run = new RecurrentRun(backend, Case, [Case.Steps]);
        run.Forward();
        run.Backward();
        return run;
    }
}
