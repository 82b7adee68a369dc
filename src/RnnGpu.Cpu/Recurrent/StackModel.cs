using RnnGpu.Core;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>
/// Predicted times of a whole stack, loops one after another on the whole team or side by side on parts of it, and the schedule with the shorter one.
/// </summary>
internal readonly struct StackModel(LoopModel loops, CpuCosts costs, RnnSpec spec, RnnPlanOptions options, int workers, int preferredChunk)
{
    // Side by side must promise more than nothing: one loop after another needs less memory.
    private const double Worthwhile = 0.97;

    /// <summary>The fastest schedule, or the one that the options ask for.</summary>
    public StackSchedule Choose()
    {
        int chunk = options.ChunkSteps ?? preferredChunk;
        var inTurn = new StackSchedule { ChunkSteps = chunk };
        if (workers == 1 || options.SideBySide == false || (spec.Layers == 1 && !spec.Bidirectional)) { return inTurn; }
        double alone = SecondsInTurn(chunk);
        StackSchedule beside = inTurn;
        double least = double.PositiveInfinity;
        if (spec.Bidirectional)
        {
            least = SecondsOfDirections(chunk);
            beside = new StackSchedule { ChunkSteps = chunk, DirectionsBeside = true };
        }

        for (int stages = 2; !spec.Bidirectional && stages <= Math.Min(spec.Layers, workers); stages++)
        {
            // From few chunks, whose stages idle long at both ends, to many, whose products are small and whose meetings are many.
            for (int chunks = 2 * stages; chunks <= 16 * stages; chunks *= 2)
            {
                int steps = options.ChunkSteps ?? Math.Max(1, Math.Min(preferredChunk, (options.Steps + chunks - 1) / chunks));
                double seconds = SecondsOfWavefront(stages, steps);
                if (seconds < least)
                {
                    least = seconds;
                    beside = new StackSchedule { ChunkSteps = steps, Stages = stages };
                }
            }
        }

        bool chosen = options.SideBySide == true || least < Worthwhile * alone;
        string way = spec.Bidirectional ? "both directions at the same time" : $"a wavefront of {beside.Stages} stages in chunks of {beside.ChunkSteps} steps";
        string prediction = $"{(chosen ? way : "one loop after another on all threads")}: {Milliseconds(chosen ? least : alone)} an iteration; "
            + $"{(chosen ? "one loop after another on all threads" : way)}: {Milliseconds(chosen ? alone : least)}";
        return (chosen ? beside : inTurn) with { Prediction = prediction };
    }

    private static string Milliseconds(double seconds) => $"{seconds * 1e3:G3} ms";

    private double SecondsInTurn(int chunk)
    {
        double seconds = 0;
        for (int layer = 0; layer < spec.Layers; layer++) { seconds += spec.Directions * ChunksOf(chunk) * LayerChunk(layer, chunk, workers, others: 0); }
        return seconds;
    }

    private double SecondsOfDirections(int chunk)
    {
        double seconds = 0;
        for (int layer = 0; layer < spec.Layers; layer++)
        {
            seconds += (ChunksOf(chunk) * LayerChunk(layer, chunk, workers / 2, others: 1)) + costs.TeamStartSeconds;
        }

        return seconds;
    }

    /// <summary>Meeting after meeting, the slowest stage counts; at both ends fewer stages have work, and one alone has all workers.</summary>
    private double SecondsOfWavefront(int stages, int chunk)
    {
        double slowest = 0, firstAndLast = 0;
        for (int s = 0; s < stages; s++)
        {
            double stage = 0, whole = 0;
            for (int layer = spec.Layers * s / stages; layer < spec.Layers * (s + 1) / stages; layer++)
            {
                stage += LayerChunk(layer, chunk, workers / stages, stages - 1);
                whole += LayerChunk(layer, chunk, workers, others: 0);
            }

            slowest = Math.Max(slowest, stage);
            if (s == 0 || s == stages - 1) { firstAndLast += whole; }
        }

        double chunks = ChunksOf(chunk);
        return (Math.Max(0, chunks + stages - 3) * (slowest + costs.TeamStartSeconds)) + firstAndLast;
    }

    private double ChunksOf(int chunk) => Math.Max(1, (double)options.Steps / chunk);

    /// <summary>A chunk of a layer on so many workers: loop and products, forward and, in training, back.</summary>
    private double LayerChunk(int layer, int chunk, int of, int others)
    {
        int steps = Math.Min(chunk, options.Steps);
        var loop = new RecurrentProblem(spec.Cell, spec.HiddenSize, options.Batch, steps, options.Training);
        double rows = (double)steps * options.Batch, input = spec.LayerInputSize(layer);
        double once = loops.LoopSeconds(loop, loops.Choose(loop, of, others), of, others);
        double projection = loops.ProductSeconds(rows, input, spec.GateSize, of);
        if (!options.Training) { return once + projection; }
        bool passesOn = layer > 0 || options.InputGradient;
        double gradients = loops.ProductSeconds(spec.GateSize, rows, input, of) + loops.ProductSeconds(spec.GateSize, rows, spec.HiddenSize, of);
        return (2 * once) + projection + gradients + (passesOn ? projection : 0);
    }
}
