namespace RnnGpu.Cli.Bench;

/// <summary>What a command line asks to measure.</summary>
/// <param name="Rows">With precisions and modes as chosen.</param>
/// <param name="Strategies">In order.</param>
/// <param name="Effort">How long.</param>
internal sealed record BenchRequest(IReadOnlyList<BenchRow> Rows, IReadOnlyList<BenchStrategy> Strategies, BenchEffort Effort);
