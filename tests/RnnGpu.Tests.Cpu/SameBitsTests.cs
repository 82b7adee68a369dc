using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cpu;

/// <summary>
/// Products, recurrences and whole plans give the same bits on every SIMD path and with any number of threads: shares are cut
/// where no sum runs, and each path runs the same operations on the same numbers.
/// </summary>
public sealed class SameBitsTests
{
    [Fact]
    public void Products()
    {
        var data = new TestData(5);
        (int M, int N, int K)[] sizes = [(1, 65, 300), (67, 130, 33), (200, 17, 64), (5, 1000, 40), (13, 70, 2100)];
        foreach ((int m, int n, int k) in sizes)
        {
            float[] a = data.Uniform((long)m * k), b = data.Uniform((long)n * k), bias = data.Uniform(n);
            OnEveryMachine($"{m} x {k} x {n}", backend =>
            {
                using var tensors = new GuardedTensors(backend);
                GuardedTensor c = tensors.Destination("C", m, n);
                backend.Gemm(
                    tensors.Source("A", a, m, k).Matrix, tensors.Source("B", b, n, k).Matrix.T, tensors.Source("bias", bias, n).View,
                    GemmActivation.Tanh, accumulate: false, c.Matrix);
                return [c.Floats()];
            });
        }
    }

    /// <summary>A transposed, as in gradients of weights: strips of it are packed; more inner indices than a block has.</summary>
    [Fact]
    public void Products_of_a_transposed_matrix()
    {
        const int M = 110, N = 67, K = 1100;
        var data = new TestData(6);
        float[] a = data.Uniform((long)K * M), b = data.Uniform((long)K * N), old = data.Uniform((long)M * N);
        OnEveryMachine("A transposed", backend =>
        {
            using var tensors = new GuardedTensors(backend);
            GuardedTensor c = tensors.Updated("C", old, M, N);
            backend.Gemm(
                tensors.Source("A", a, K, M).Matrix.T, tensors.Source("B", b, K, N).Matrix, default, GemmActivation.None, accumulate: true, c.Matrix);
            return [c.Floats()];
        });
    }

    [Theory]
    [InlineData(CellKind.ElmanTanh)]
    [InlineData(CellKind.ElmanRelu)]
    [InlineData(CellKind.Lstm)]
    [InlineData(CellKind.GruResetAfter)]
    [InlineData(CellKind.GruResetBefore)]
    public void Recurrences(CellKind cell)
    {
        // Wide ones with few rows are shared out by units, narrow ones with many rows by rows; with and without lengths.
        (int Batch, int Hidden, bool Ragged)[] sizes = [(1, 200, false), (3, 130, true), (40, 33, false), (37, 48, true), (14, 300, false)];
        foreach ((int batch, int hidden, bool ragged) in sizes)
        {
            RecurrentCase x = new RecurrentCase(cell, 5, batch, hidden, Reverse: ragged, HasLengths: ragged, HasResets: true).Make();
            OnEveryMachine(x.ToString(), backend =>
            {
                using var run = new RecurrentRun(backend, x, [3, 2]);
                run.Forward();
                run.Backward();
                return [run.H, run.C, run.Y, run.DGates, run.DExtra, run.Dh, run.Dc];
            });
        }
    }

    [Theory]
    [InlineData(CellKind.Lstm, 3, false)]
    [InlineData(CellKind.GruResetAfter, 2, true)]
    [InlineData(CellKind.GruResetBefore, 2, false)]
    [InlineData(CellKind.ElmanTanh, 4, false)]
    public void Plans(CellKind cell, int layers, bool bidirectional)
    {
        var c = new StackCase(cell, layers, bidirectional, Lengths: true, States: true, Resets: true, Dropout: 0.25f) { Input = 40, Hidden = 70, Steps = 9, Batch = 6 };
        StackProblem problem = c.Make();
        PlanUse use = new() { Chunk = 4, Dropout = c.Dropout };
        OnEveryMachine(c.ToString(), backend =>
        {
            float[][]? first = null;
            foreach (PlanUse way in (ReadOnlySpan<PlanUse>)[use, use with { SideBySide = true }, use with { SideBySide = false }, use with { Span = 5 }])
            {
                using var run = new PlanRun(backend, problem, way, c.ToString());
                run.Backward();
                float[][] results = [run.Y, run.LastH, run.LastC, run.Dx, run.Dh0, run.Dc0, .. run.Gradients];
                first ??= results;
                for (int i = 0; i < results.Length; i++) { Compare.Bits($"{run}: result {i}", first[i], results[i]); }
            }

            return first!;
        });
    }

    [Theory]
    [InlineData(ScanCellKind.Diagonal)]
    [InlineData(ScanCellKind.MinGru)]
    [InlineData(ScanCellKind.MinLstm)]
    [InlineData(ScanCellKind.Sru)]
    [InlineData(ScanCellKind.Qrnn)]
    public void Scans(ScanCellKind cell)
    {
        // Enough lanes for four threads, cut inside rows.
        foreach (ScanCase x in (ScanCase[])[new(cell, 40, 3, 63, HasLengths: true, HasResets: true), new(cell, 30, 1, 200, Reverse: true)])
        {
            var data = new ScanReference(x);
            OnEveryMachine(x.ToString(), backend => new ScanRun(backend, x, data).All);
        }
    }

    private static void OnEveryMachine(string what, Func<IBackend, float[][]> work)
    {
        float[][]? first = null;
        foreach (SimdPath path in Enum.GetValues<SimdPath>())
        {
            if (!SimdPaths.IsSupported(path)) { continue; }
            for (int threads = 1; threads <= 4; threads++)
            {
                using IBackend backend = CpuBackend.Create(threads, path);
                float[][] results = work(backend);
                first ??= results;
                for (int i = 0; i < results.Length; i++) { Compare.Bits($"{what}: result {i} on {path}, {threads} threads", first[i], results[i]); }
            }
        }
    }
}
