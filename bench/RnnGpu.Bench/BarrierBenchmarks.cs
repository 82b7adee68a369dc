using BenchmarkDotNet.Attributes;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Bench;

/// <summary>What it costs workers to meet: inside a job, as they do once a product of the time loop, and between jobs.</summary>
public class BarrierBenchmarks
{
    private const int Meetings = 10_000, Jobs = 1000;

    private readonly MeetingJob _meeting = new();
    private readonly EmptyJob _empty = new();
    private WorkerTeam _team = null!;

    /// <summary>Workers, the calling thread included.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Starts the team.</summary>
    [GlobalSetup]
    public void Setup() => _team = Start(Threads);

    /// <summary>Ends it.</summary>
    [GlobalCleanup]
    public void Cleanup() => _team.Dispose();

    /// <summary>One barrier: every worker arrives and goes on at once.</summary>
    [Benchmark(OperationsPerInvoke = Meetings)]
    public void Barrier() => _team.Run(_meeting);

    /// <summary>One job that does nothing, while the workers still spin after the one before.</summary>
    [Benchmark(OperationsPerInvoke = Jobs)]
    public void Run()
    {
        for (int i = 0; i < Jobs; i++) { _team.Run(_empty); }
    }

    private static WorkerTeam Start(int workers) => new(workers);

    private sealed class MeetingJob : Job
    {
        public override void Execute(int worker, WorkerTeam team)
        {
            for (int i = 0; i < Meetings; i++) { team.Barrier(); }
        }
    }

    private sealed class EmptyJob : Job
    {
        public override void Execute(int worker, WorkerTeam team)
        {
        }
    }
}
