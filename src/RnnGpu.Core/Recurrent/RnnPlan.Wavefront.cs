namespace RnnGpu.Core;

/// <remarks>
/// A wavefront over layers and chunks: stage s of the stack runs chunk j while stage s - 1 runs chunk j + 1. Stages meet once a chunk: what one writes, the next
/// reads only behind the meeting, so two buffers in turn are enough between them.
/// </remarks>
public sealed partial class RnnPlan
{
    private Lane StageOf(int stage)
    {
        int first = Spec.Layers * stage / _schedule.Stages;
        return new Lane(first, (Spec.Layers * (stage + 1) / _schedule.Stages) - first, Reverse: false, stage);
    }

    /// <summary>All chunks of all spans, in order.</summary>
    private void ForwardWavefront(in RnnForwardCall call)
    {
        int chunksOfSpan = Chunks(SpanOf(0, reverse: false));
        int chunks = ((_memory.Spans - 1) * chunksOfSpan) + Chunks(SpanOf(_memory.Spans - 1, reverse: false));
        for (int front = 0; front < chunks + _schedule.Stages - 1; front++)
        {
            // Stage s has come to chunk front - s.
            int first = Math.Max(0, front - chunks + 1), last = Math.Min(_schedule.Stages - 1, front);
            for (int s = last; s > first; s--)
            {
                _backend.Fork(s - 1);
                try { ForwardStage(call, StageOf(s), front - s, chunksOfSpan); }
                finally { _backend.Return(); }
            }

            ForwardStage(call, StageOf(first), front - first, chunksOfSpan);
            for (int s = last; s > first; s--) { _backend.Join(s - 1); }
        }
    }

    private void ForwardStage(in RnnForwardCall call, Lane stage, int chunkOfAll, int chunksOfSpan)
    {
        (int i, int j) = Math.DivRem(chunkOfAll, chunksOfSpan);
        Steps span = SpanOf(i, reverse: false), chunk = ChunkOf(span, j, reverse: false);
        if (j == 0) { EnterSpan(call, stage, i); }
        for (int layer = stage.FirstLayer; layer <= stage.LastLayer; layer++)
        {
            ForwardChunk(call, group: 0, stage, layer, span, chunk, recomputing: false);
            if (j == Chunks(span) - 1) { LeaveSpan(call, stage, layer, i); }
        }
    }

    /// <summary>All chunks back, the top stage first.</summary>
    private void BackwardWavefront(in RnnBackwardCall call, RnnLayerTensors[] gradients)
    {
        Steps span = SpanOf(0, reverse: false);
        int chunks = Chunks(span), stages = _schedule.Stages;
        for (int front = 0; front < chunks + stages - 1; front++)
        {
            // The stage s from the top has come back to chunk front - s from the end.
            int first = Math.Max(0, front - chunks + 1), last = Math.Min(stages - 1, front);
            for (int s = last; s > first; s--)
            {
                _backend.Fork(s - 1);
                try { BackwardStage(call, StageOf(stages - 1 - s) with { Loop = s }, span, chunks - 1 - (front - s), gradients); }
                finally { _backend.Return(); }
            }

            BackwardStage(call, StageOf(stages - 1 - first) with { Loop = first }, span, chunks - 1 - (front - first), gradients);
            for (int s = last; s > first; s--) { _backend.Join(s - 1); }
        }

        for (int s = 0; s < stages; s++) { JoinWeightGradients(StageOf(s)); }
    }

    private void BackwardStage(in RnnBackwardCall call, Lane stage, Steps span, int j, RnnLayerTensors[] gradients)
    {
        Steps chunk = ChunkOf(span, j, reverse: false);
        for (int layer = stage.LastLayer; layer >= stage.FirstLayer; layer--)
        {
            BackwardChunk(call, group: 0, stage, layer, span, chunk, gradients, passToInput: true);
        }
    }
}
