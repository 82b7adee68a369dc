namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>What a command line asks <c>bench cpu</c> to measure.</summary>
/// <param name="Rows">With modes as chosen; one layer stack each, all sequences of full length.</param>
/// <param name="Threads">Ascending.</param>
/// <param name="Peers">Keys of <see cref="PeerKind.All"/>.</param>
/// <param name="Rounds">Times that all sides run in turn.</param>
/// <param name="Seconds">Of one side in one round, warm-up apart.</param>
/// <param name="StreamSteps">Steps of each stream; 0: none is measured.</param>
internal sealed record CpuBenchRequest(
    IReadOnlyList<BenchRow> Rows, IReadOnlyList<int> Threads, IReadOnlyList<PeerKind> Peers, int Rounds, double Seconds, int StreamSteps);
