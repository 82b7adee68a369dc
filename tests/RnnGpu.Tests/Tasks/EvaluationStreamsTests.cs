using FsCheck;
using FsCheck.Fluent;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class EvaluationStreamsTests
{
    [Fact]
    public void Every_character_but_the_first_counts_once_after_its_warm_up() => Properties.Check(Prop.ForAll(
        (from length in Gen.Choose(2, 400)
         from streams in Gen.Choose(1, 20)
         from steps in Gen.Choose(1, 30)
         from warmUp in Gen.Choose(0, 40)
         select (length, streams, steps, warmUp)).ToArbitrary(),
        sizes =>
        {
            var streams = new EvaluationStreams([.. Enumerable.Range(0, sizes.length)], sizes.streams, sizes.steps, sizes.warmUp);
            int[] inputs = new int[streams.Steps * streams.Streams], targets = new int[inputs.Length];
            var counted = new int[sizes.length];
            var previous = new int[streams.Streams];
            var read = new int[streams.Streams]; // characters that each stream has read
            int windows = 0;
            for (; streams.Next(inputs, targets); windows++)
            {
                for (int at = 0; at < inputs.Length; at++)
                {
                    int s = at % streams.Streams;
                    bool first = windows == 0 && at < streams.Streams;
                    if (targets[at] < 0) { previous[s] = inputs[at]; read[s]++; continue; }
                    counted[targets[at]]++;
                    Assert.Equal(targets[at] - 1, inputs[at]);
                    if (!first) { Assert.Equal(inputs[at] - 1, previous[s]); }
                    Assert.True(read[s] >= Math.Min(sizes.warmUp, inputs[at]));
                    previous[s] = inputs[at];
                    read[s]++;
                }
            }

            Assert.Equal(streams.Windows, windows);
            Assert.Equal(0, counted[0]);
            Assert.All(counted[1..], count => Assert.Equal(1, count));
            Assert.Equal(sizes.length - 1, streams.Tokens);
        }));

    [Fact]
    public void One_stream_is_one_pass_and_restarts()
    {
        var streams = new EvaluationStreams([5, 6, 7, 8], 1, 2);
        int[] inputs = new int[2], targets = new int[2];
        for (int pass = 0; pass < 2; pass++)
        {
            Assert.True(streams.Next(inputs, targets));
            Assert.Equal([5, 6, 6, 7], [.. inputs, .. targets]);
            Assert.True(streams.Next(inputs, targets));
            Assert.Equal([7, 0, 8, -1], [.. inputs, .. targets]);
            Assert.False(streams.Next(inputs, targets));
            streams.Restart();
        }
    }

    [Fact]
    public void One_character_is_too_short() => Assert.Throws<DataException>(() => new EvaluationStreams([1], 1, 1));
}
