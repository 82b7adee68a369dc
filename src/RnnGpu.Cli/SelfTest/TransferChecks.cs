using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks that nothing changes on its way.</summary>
internal static class TransferChecks
{
    private const double Exact = 1e-30;

    public static void Transfers(CheckBench bench)
    {
        foreach (int count in (ReadOnlySpan<int>)[1, 1000, 3_000_001])
        {
            float[] values = bench.Random(count);
            bench.Expect(bench.Put(values, count), i => (values[i], Exact));
        }
    }

    public static void FillAndCopy(CheckBench bench)
    {
        float[] values = bench.Random(1000);
        TensorView x = bench.Put(values, 1000), y = bench.Space(1000);
        bench.Backend.Fill(0.25f, y);
        bench.Backend.Copy(x.Slice(100, new Shape(50)), y.Slice(17, new Shape(50)));
        bench.Expect(y, i => (i is >= 17 and < 67 ? values[i + 83] : 0.25, Exact));
    }
}
