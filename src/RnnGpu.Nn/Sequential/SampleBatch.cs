using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Inputs and targets of a batch on the host.</summary>
internal sealed class SampleBatch(SampleBuffer inputs, SampleBuffer targets)
{
    /// <summary>Elements of the targets that count in the batch's mean loss.</summary>
    public long Weight { get; private set; }

    public void Fill(ReadOnlySpan<int> rows)
    {
        inputs.Fill(rows);
        targets.Fill(rows);
        Weight = targets.CountValid();
    }

    public Tensor Inputs(Device device) => inputs.Upload(device, inputs.BatchShape);

    /// <summary>Targets for predictions of a shape: floats of that shape, where a last axis of size 1 may be left out; or
    /// integers, one for each row of class scores.</summary>
    /// <exception cref="ArgumentException">They do not fit.</exception>
    public Tensor Targets(Tensor predictions)
    {
        Shape wanted = predictions.Shape, given = targets.BatchShape;
        Device device = predictions.Device;
        if (targets.IsFloat)
        {
            bool fits = given == wanted || (wanted.Rank > 0 && wanted[^1] == 1 && given == wanted.Without(wanted.Rank - 1));
            return fits ? targets.Upload(device, wanted) : throw Misfit(wanted, given);
        }

        return wanted.Rank > 0 && given == wanted.Without(wanted.Rank - 1) ? targets.Upload(device, given) : throw Misfit(wanted, given);
    }

    private ArgumentException Misfit(Shape predictions, Shape given) => new(
        $"the model's output for a batch is {predictions}, the targets are {(targets.IsFloat ? "floats" : "integers")} {given} "
        + (targets.IsSequence ? "(time, batch, ..)" : "(batch, ..)")
        + (targets.IsFloat ? ": both must have one shape" : ": class targets need one integer for each row of scores"));
}
