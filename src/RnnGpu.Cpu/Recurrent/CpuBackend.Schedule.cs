using RnnGpu.Core;
using RnnGpu.Cpu.Recurrent;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    // Rows of a hoisted product: enough to amortise the packed weights, few enough for gates to stay in the shared cache.
    private const int ChunkRows = 1024;

    private readonly LoopModel _loops = new(costs, RecurrentLayout<T>.Block, T.TileRows);

    /// <inheritdoc/>
    public int PreferredChunkSteps(RecurrentProblem problem) => Math.Max(1, ChunkRows / problem.Batch);

    /// <inheritdoc/>
    public StackSchedule Schedule(RnnSpec spec, RnnPlanOptions options)
    {
        var problem = new RecurrentProblem(spec.Cell, spec.HiddenSize, options.Batch, options.Steps, options.Training);
        return new StackModel(_loops, costs, spec, options, _team.Workers, PreferredChunkSteps(problem)).Choose();
    }

    /// <inheritdoc/>
    public string DescribeRecurrent(RecurrentProblem problem)
    {
        const string How = "persistent, one fused loop a chunk: each step's product of all gates and its cells, weights packed once a call";
        int workers = _team.Workers;
        LoopShare chosen = _tuned.TryGetValue(new TunedLoop(problem.Cell, problem.Hidden, problem.Batch, Backward: false), out LoopShare timed)
            ? timed
            : _loops.Choose(problem, workers);
        string Predicted(LoopShare share) => $"{_loops.StepSecondsOf(problem, share, workers) * 1e6:G3} us";
        if (workers == 1) { return $"{How}; predicted {Predicted(LoopShare.Alone)} a step"; }
        string shared = chosen switch
        {
            LoopShare.Alone => $"one of {workers} threads runs it",
            LoopShare.ByRows => $"{workers} threads share the rows of the batch",
            _ => $"{workers} threads share the hidden units and meet each step",
        };
        return $"{How}; {shared}, predicted a step: {Predicted(LoopShare.Alone)} on one, {Predicted(LoopShare.ByRows)} by rows, {Predicted(LoopShare.ByUnits)} by units";
    }
}
