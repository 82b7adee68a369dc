using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class PerplexityTests : NnTestBase
{
    [Fact]
    public void It_is_the_exponential_of_the_mean_over_all_targets_that_count_whatever_the_batches()
    {
        (_, float[] logits) = Leaf(1, 5, 2, 4);
        int[] targets = [0, 3, -1, 2, 1, -1, 3, 0, -1, 2];
        double nats = 0;
        int count = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] < 0) { continue; }
            double sum = 0;
            for (int i = 0; i < 4; i++) { sum += Math.Exp(logits[(row * 4) + i]); }
            nats += Math.Log(sum) - logits[(row * 4) + targets[row]];
            count++;
        }

        var perplexity = new Perplexity();
        Assert.True(double.IsNaN(perplexity.Value));
        for (int round = 0; round < 2; round++)
        {
            // Unequal batches: 3 steps, then 2.
            using NoGradScope scope = Device.NoGrad();
            perplexity.Update(Device.Tensor(logits.AsSpan(0, 24), new Shape(3, 2, 4)), Device.Tensor(targets.AsSpan(0, 6), new Shape(3, 2)));
            perplexity.Update(Device.Tensor(logits.AsSpan(24), new Shape(2, 2, 4)), Device.Tensor(targets.AsSpan(6), new Shape(2, 2)));
            Assert.Equal(Math.Exp(nats / count), perplexity.Value, 1e-4);
            perplexity.Reset();
        }

        // As many words as are equally likely.
        perplexity.Update(Device.Zeros(new Shape(3, 7)), Device.Tensor([0, 6, 2], new Shape(3)));
        Assert.Equal(7, perplexity.Value, 1e-4);
    }
}
