using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>One check of <c>selftest</c>.</summary>
/// <param name="Name">For the summary.</param>
/// <param name="Run">Computes on the bench's backend and compares with float64.</param>
internal sealed record SelfCheck(string Name, Action<CheckBench> Run);

/// <summary>Every check, in the order in which they run: what a later one needs, an earlier one has tested.</summary>
internal static class SelfChecks
{
    public static IReadOnlyList<SelfCheck> All { get; } =
    [
        new("transfers", TransferChecks.Transfers),
        new("fill and copy", TransferChecks.FillAndCopy),
        new("functions of one variable", ElementwiseChecks.Unary),
        new("functions of two variables", ElementwiseChecks.Binary),
        new("scaled sums", ElementwiseChecks.AddScaled),
        new("strided copies", ElementwiseChecks.Transpose),
        new("dropout", ElementwiseChecks.Dropout),
        new("embedding", RowChecks.Embedding),
        new("softmax cross-entropy", RowChecks.SoftmaxCrossEntropy),
        new("layer normalisation", RowChecks.LayerNorm),
        new("sums", RowChecks.Sums),
        new("matrix products", ProductChecks.Products),
        new("packed matrix products", ProductChecks.PackedProducts),
        .. Enum.GetValues<CellKind>().Select(cell => new SelfCheck($"{Layouts.Name(cell)} forward", bench => RecurrentChecks.Forward(bench, cell))),
        .. Enum.GetValues<CellKind>().Select(cell => new SelfCheck($"{Layouts.Name(cell)} backward", bench => RecurrentChecks.Backward(bench, cell))),
        new("conditional random field", CrfChecks.Crf),
        new("optimiser", OptimizerChecks.AdamW),
    ];
}
