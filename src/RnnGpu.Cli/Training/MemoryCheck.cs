using RnnGpu.Core;

namespace RnnGpu.Cli.Training;

/// <summary>
/// Refuses a run that cannot fit the device's memory before anything is allocated: on the CPU the system would otherwise end
/// the process without a word.
/// </summary>
internal static class MemoryCheck
{
    /// <summary>About the bytes that training takes: weights, gradients, optimiser state, packed weights, activations.</summary>
    public static double TrainingBytes(TrainSettings settings, int vocabulary)
    {
        double rows = (double)settings.Batch * settings.SeqLength;
        int gates = Layouts.Gates(settings.Model.Cell);

        // Weight, gradient, two moments, and the backend's two layouts for forward and backward.
        double weights = 6.0 * settings.Model.ParameterCount(vocabulary);

        // A layer keeps gates, states, cell states and outputs; the head keeps logits and their gradient; the embedding likewise.
        double activations = rows * ((settings.Model.Layers * (gates + 4.0) * settings.Model.Hidden) + (2.0 * vocabulary) + (2.0 * settings.Model.Embedding));
        return sizeof(float) * (weights + activations);
    }

    /// <summary>Checks a run against the memory of the device.</summary>
    /// <exception cref="InsufficientMemoryException">It needs more; says how much, and what to lower.</exception>
    public static void Require(TrainSettings settings, int vocabulary, string device, long availableBytes)
    {
        double needed = TrainingBytes(settings, vocabulary);
        if (needed <= availableBytes) { return; }
        const double GiB = 1L << 30;
        int batch = Largest(settings.Batch, size => TrainingBytes(settings with { Batch = size }, vocabulary) <= availableBytes);
        int steps = Largest(settings.SeqLength, size => TrainingBytes(settings with { SeqLength = size }, vocabulary) <= availableBytes);
        string smaller = batch > 0 && steps > 0 ? $"--batch {batch} would fit, or --seq-length {steps}"
            : batch > 0 ? $"--batch {batch} would fit"
            : steps > 0 ? $"--seq-length {steps} would fit"
            : "lower --hidden, --layers, --embedding, --batch or --seq-length";
        throw new InsufficientMemoryException(
            $"a model of {settings.Model.ParameterCount(vocabulary):N0} weights with --batch {settings.Batch} and --seq-length {settings.SeqLength} "
            + $"needs about {needed / GiB:N1} GiB, but {(device == "cpu" ? "this machine" : device)} has {availableBytes / GiB:N1}; {smaller}");
    }

    /// <summary>The largest size below a given one that fits; 0 if none does.</summary>
    private static int Largest(int size, Func<int, bool> fits)
    {
        int good = 0, bad = size;
        while (bad - good > 1)
        {
            int middle = good + ((bad - good) / 2);
            if (fits(middle)) { good = middle; }
            else { bad = middle; }
        }

        return good;
    }
}
