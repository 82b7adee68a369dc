using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

/// <summary>The same bits on every SIMD path with one and two threads; the contract has the values.</summary>
public sealed class CrfTests
{
    [Theory]
    [InlineData(6, 40, 5)]
    [InlineData(5, 9, 40)]
    [InlineData(4, 3, 130)]
    public void Losses_gradients_and_tags_have_the_same_bits(int steps, int batch, int tags)
    {
        float[] result = Machines.Run(m =>
        {
            var scores = new CrfScores
            {
                Emissions = m.Put(Machines.Numbers(steps * batch * tags, 1), steps, batch, tags),
                Transitions = m.Put(Machines.Numbers(tags * tags, 2), tags, tags),
                Start = m.Put(Machines.Numbers(tags, 3)),
                End = m.Put(Machines.Numbers(tags, 4)),
                Lengths = m.Put(Machines.Integers(batch, 5, 0, steps + 1)),
            };
            TensorView gold = m.Put(Machines.Integers(steps * batch, 6, 0, tags), steps, batch);
            TensorView alpha = m.Make(steps, batch, tags), shifts = m.Make(steps, batch), loss = m.Make(batch), dx = m.Make(steps, batch, tags);
            TensorView dTransitions = m.Put(new float[tags * tags], tags, tags), dStart = m.Put(new float[tags]), dEnd = m.Put(new float[tags]);
            m.Backend.CrfForward(scores, gold, alpha, shifts, loss);
            m.Backend.CrfBackward(
                scores, gold, alpha, shifts, m.Put(Machines.Numbers(batch, 7)),
                m.Make((int)(m.Backend.CrfBackwardWorkspaceBytes(steps, batch, tags) / 4)), dx, dTransitions, dStart, dEnd);
            TensorView found = m.Put(new int[steps * batch], steps, batch), best = m.Make(batch);
            m.Backend.CrfDecode(scores, m.Make((int)(m.Backend.CrfDecodeWorkspaceBytes(steps, batch, tags) / 4)), found, best);
            return [.. m.Get(loss), .. m.Get(dx), .. m.Get(dTransitions), .. m.Get(dStart), .. m.Get(dEnd), .. m.GetInts(found), .. m.Get(best)];
        });
        Assert.All(result, static value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Wrong_operands_are_named()
    {
        using var m = new Machine(SimdPath.Scalar, 1);
        var scores = new CrfScores
        {
            Emissions = m.Make(4, 2, 3),
            Transitions = m.Make(3, 2),
            Start = m.Make(3),
            End = m.Make(3),
        };
        TensorView tags = m.Put(new int[8], 4, 2), best = m.Make(2);
        Assert.Contains("transitions must have 9 elements", Assert.Throws<ArgumentException>(() => m.Backend.CrfDecode(scores, default, tags, best)).Message, StringComparison.Ordinal);
        CrfScores good = scores with { Transitions = m.Make(3, 3) };
        Assert.Contains("workspace needs", Assert.Throws<ArgumentException>(() => m.Backend.CrfDecode(good, default, tags, best)).Message, StringComparison.Ordinal);
        CrfScores flat = good with { Emissions = m.Make(8, 3) };
        Assert.Contains("[T, B, K]", Assert.Throws<ArgumentException>(() => m.Backend.CrfDecode(flat, default, tags, best)).Message, StringComparison.Ordinal);
    }
}
