using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Products;

/// <summary>
/// In fp32, products and recurrences give the CPU backend's bits; in every mode, the same bits whichever tiles the device's size chooses.
/// </summary>
public sealed class SameBitsTests
{
    private static readonly (int M, int N, int K)[] Sizes = [(1, 1, 1), (37, 70, 33), (130, 150, 64), (5, 260, 129), (200, 129, 31)];

    public static TheoryData<CellKind> Cells() => new(Enum.GetValues<CellKind>());

    public static TheoryData<ComputeMode> Modes() => new(Enum.GetValues<ComputeMode>());

    [Fact]
    public void Fp32_products_have_the_bits_of_the_cpu()
    {
        using IBackend cpu = CpuBackend.Create(threads: 1), emulator = CudaBackend.Create(EmulatorBuild.Driver, 0);
        for (int turn = 0; turn < 4 * Sizes.Length; turn++)
        {
            foreach (bool packed in (ReadOnlySpan<bool>)[false, true])
            {
                Compare.Bits($"product {turn}, packed {packed}", Product(cpu, turn, packed), Product(emulator, turn, packed));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Fp32_recurrences_have_the_bits_of_the_cpu(CellKind cell)
    {
        using IBackend cpu = CpuBackend.Create(threads: 1), emulator = CudaBackend.Create(EmulatorBuild.Driver, 0);
        foreach ((int steps, int batch, int hidden, bool flags) in new[] { (4, 3, 33, true), (3, 35, 70, false), (3, 18, 16, true) })
        {
            RecurrentCase x = new RecurrentCase(cell, steps, batch, hidden, Reverse: flags, HasLengths: flags, HasResets: flags).Make();
            using RecurrentRun expected = Run(cpu, x), actual = Run(emulator, x);
            CheckSame(x, expected, actual);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Tiles_do_not_change_bits(ComputeMode mode)
    {
        var runs = new List<(float[][] Products, List<RecurrentRun> Runs)>();
        var machines = new List<IDisposable>();
        foreach (string multiprocessors in (string[])["1", "500"])
        {
            var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", multiprocessors));
            var backend = CudaBackend.Create(emulator.Driver, 0, mode);
            machines.Add(emulator);
            machines.Add(backend);
            float[][] products = [Product(backend, 1, packed: false), Product(backend, 2, packed: true), Product(backend, 9, packed: true), Product(backend, 14, packed: false)];
            var recurrent = new List<RecurrentRun>();
            foreach (CellKind cell in Enum.GetValues<CellKind>())
            {
                recurrent.Add(Run(backend, new RecurrentCase(cell, 3, 66, 40, Reverse: false, HasLengths: true, HasResets: true).Make()));
            }

            runs.Add((products, recurrent));
        }

        for (int i = 0; i < runs[0].Products.Length; i++) { Compare.Bits($"product {i} in {mode}", runs[0].Products[i], runs[1].Products[i]); }
        foreach ((RecurrentRun large, RecurrentRun small) in runs[0].Runs.Zip(runs[1].Runs))
        {
            CheckSame(large.Case, large, small);
            large.Dispose();
            small.Dispose();
        }

        machines.Reverse();
        foreach (IDisposable machine in machines) { machine.Dispose(); }
    }

    internal static RecurrentRun Run(IBackend backend, RecurrentCase x)
    {
        var run = new RecurrentRun(backend, x, [x.Steps]);
        run.Forward();
        run.Backward();
        return run;
    }

    internal static void CheckSame(RecurrentCase x, RecurrentRun expected, RecurrentRun actual)
    {
        Compare.Bits($"{x}: gates", Active(x, expected.Gates), Active(x, actual.Gates));
        Compare.Bits($"{x}: extra", expected.Extra, actual.Extra);
        Compare.Bits($"{x}: h", expected.H, actual.H);
        Compare.Bits($"{x}: c", expected.C, actual.C);
        Compare.Bits($"{x}: y", expected.Y, actual.Y);
        Compare.Bits($"{x}: gradient of W x", expected.DGates, actual.DGates);
        Compare.Bits($"{x}: extra after backward", expected.DExtra, actual.DExtra);
        Compare.Bits($"{x}: dh", expected.Dh, actual.Dh);
        Compare.Bits($"{x}: dc", expected.Dc, actual.Dc);
    }

    /// <summary>What gates hold at inactive steps is not defined.</summary>
    private static float[] Active(RecurrentCase x, float[] gates)
    {
        int width = x.Gates * x.Hidden;
        var active = (float[])gates.Clone();
        for (int i = 0; i < active.Length; i++)
        {
            if (!x.IsActive(i / width / x.Batch, i / width % x.Batch)) { active[i] = 0; }
        }

        return active;
    }

    /// <summary>A product of awkward sizes; the turn decides sizes, transpositions and what follows.</summary>
    private static float[] Product(IBackend backend, int turn, bool packed)
    {
        (int m, int n, int k) = Sizes[turn % Sizes.Length];
        bool transposeA = turn / Sizes.Length % 2 == 1, transposeB = turn / Sizes.Length / 2 % 2 == 1;
        var data = new TestData((ulong)(turn + 1));
        using var tensors = new GuardedTensors(backend);
        MatrixView a = tensors.Source("A", data.Uniform((long)m * k), transposeA ? [k, m] : [m, k]).Matrix;
        MatrixView b = tensors.Source("B", data.Uniform((long)n * k), transposeB ? [n, k] : [k, n]).Matrix;
        if (transposeA) { a = a.T; }
        if (transposeB) { b = b.T; }
        bool accumulate = turn % 3 == 2;
        GuardedTensor c = tensors.Updated("C", data.Uniform((long)m * n), m, n);
        TensorView bias = accumulate ? default : tensors.Source("bias", data.Uniform(n), n).View;
        GemmActivation activation = accumulate ? GemmActivation.None : (GemmActivation)(turn % 4);
        if (packed)
        {
            TensorView block = tensors.Scratch("packed", backend.PackedMatrixBytes(k, n)).View;
            backend.PackMatrix(b, block);
            backend.GemmPacked(a, block, k, n, bias, activation, accumulate, c.Matrix);
        }
        else
        {
            backend.Gemm(a, b, bias, activation, accumulate, c.Matrix);
        }

        tensors.Check($"product {turn}");
        return c.Floats();
    }
}
