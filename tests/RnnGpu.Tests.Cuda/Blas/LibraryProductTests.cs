using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Blas;
using RnnGpu.Cuda.Streams;
using RnnGpu.Nn;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Blas;

/// <summary>Products by cuBLASLt, on the emulator's own, beside those of the kernels.</summary>
public sealed class LibraryProductTests
{
    private static readonly (bool Bias, GemmActivation Activation, bool Accumulate)[] Epilogues =
    [
        (false, GemmActivation.None, false), (true, GemmActivation.None, false), (false, GemmActivation.None, true), (true, GemmActivation.Relu, false),
        (false, GemmActivation.Relu, false), (true, GemmActivation.Tanh, false),
    ];

    private readonly record struct LoopKey(int Case);

    internal static CudaOptions Always { get; } = new() { CublasLt = CublasLtUse.Always, LibraryWork = 1 };

    private static CudaOptions Off { get; } = new() { CublasLt = CublasLtUse.Off };

    /// <summary>Factors are rounded alike, so results differ by the sums' roundings only: within what each may err.</summary>
    [Theory]
    [InlineData(ComputeMode.Fp32)]
    [InlineData(ComputeMode.Tf32)]
    [InlineData(ComputeMode.Bf16)]
    [InlineData(ComputeMode.Fp16)]
    public void The_library_computes_what_the_kernels_do(ComputeMode mode)
    {
        using var emulator = new PrivateEmulator();
        using CudaBackend library = CudaBackend.Create(emulator.Driver, 0, mode, Always), kernels = CudaBackend.Create(emulator.Driver, 0, mode, Off);
        CublasLt lt = Assert.IsType<CublasLt>(library.ProductLibrary);
        Assert.Null(kernels.ProductLibrary);
        long before = lt.CallsOf(CublasLtEntry.cublasLtMatmul);
        int cases = 0, byLibrary = 0;
        foreach ((int m, int n, int k) in new[] { (1, 1, 1), (3, 17, 5), (17, 8, 33), (64, 20, 16), (33, 65, 100) })
        {
            for (int turn = 0; turn < 16; turn++)
            {
                var one = new Case(m, n, k, TransposeA: (turn & 1) != 0, TransposeB: (turn & 2) != 0, Gap: (turn & 4) != 0, Packed: (turn & 8) != 0, Epilogue: (turn + m) % Epilogues.Length);
                Compare.Near($"{mode} {one}", [.. Product(kernels, one).Select(static x => (double)x)], Product(library, one), Tolerances.TensorChain(k, k + 2));
                cases++;
                byLibrary += Epilogues[one.Epilogue].Activation == GemmActivation.Tanh ? 0 : 1;
            }
        }

        Assert.Equal(byLibrary, lt.CallsOf(CublasLtEntry.cublasLtMatmul) - before);
        Assert.True(byLibrary < cases);
    }

    /// <summary>A weight's gradient runs back in time along the inner axis of both factors.</summary>
    [Theory]
    [InlineData(ComputeMode.Fp32)]
    [InlineData(ComputeMode.Bf16)]
    public void Factors_that_both_run_back_along_the_inner_axis_are_taken(ComputeMode mode)
    {
        using var emulator = new PrivateEmulator();
        using CudaBackend library = CudaBackend.Create(emulator.Driver, 0, mode, Always), kernels = CudaBackend.Create(emulator.Driver, 0, mode, Off);
        long before = library.ProductLibrary!.CallsOf(CublasLtEntry.cublasLtMatmul);
        float[] expected = Gradient(kernels), actual = Gradient(library);
        Assert.Equal(1, library.ProductLibrary.CallsOf(CublasLtEntry.cublasLtMatmul) - before);
        Compare.Near($"{mode}", [.. expected.Select(static x => (double)x)], actual, Tolerances.TensorChain(24, 24));

        static float[] Gradient(CudaBackend backend)
        {
            using var tensors = new GuardedTensors(backend);
            var data = new TestData(5);
            MatrixView gates = tensors.Source("gates", data.Uniform(24 * 12), 24, 12).Matrix.Reversed, x = tensors.Source("x", data.Uniform(24 * 7), 24, 7).Matrix.Reversed;
            GuardedTensor dw = tensors.Updated("dW", data.Uniform(12 * 7), 12, 7);
            backend.Gemm(gates.T, x, default, GemmActivation.None, accumulate: true, dw.Matrix);
            return dw.Floats();
        }
    }

    [Fact]
    public void Products_on_side_streams_share_no_memory_and_captured_ones_replay()
    {
        using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_DEFER", "1"));
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16, Always);
        using var tensors = new GuardedTensors(backend);
        var data = new TestData(3);
        MatrixView a = tensors.Source("a", data.Uniform(16 * 16), 16, 16).Matrix, b = tensors.Source("b", data.Uniform(16 * 16), 16, 16).Matrix;
        GuardedTensor left = tensors.Destination("left", 16, 16), right = tensors.Destination("right", 16, 16), sum = tensors.Destination("sum", 16, 16);
        var graphs = new GraphCache<LoopKey>();
        float[] first = [];
        for (int i = 0; i < 5; i++)
        {
            backend.Fill(0, sum.View);
            if (!graphs.Replay(backend.Queue, new LoopKey(1)))
            {
                using GraphRecording<LoopKey> recording = graphs.Record(backend.Queue, new LoopKey(1));
                using (backend.Queue.OnSide(1)) { backend.Gemm(a, b, default, GemmActivation.None, accumulate: false, left.Matrix); }
                backend.Gemm(b, a, default, GemmActivation.None, accumulate: false, right.Matrix);
                backend.Queue.Join(1);
                backend.Gemm(left.Matrix, right.Matrix, default, GemmActivation.None, accumulate: true, sum.Matrix);
                recording.Finish();
            }

            if (i == 0) { first = sum.Floats(); }
            Compare.Bits($"run {i}", first, sum.Floats());
        }

        Assert.Equal(1, graphs.Count);
    }

    [Fact]
    public void After_the_first_time_nothing_is_allocated_or_asked()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Fp16, Always);
        using var tensors = new GuardedTensors(backend);
        var data = new TestData(3);
        MatrixView a = tensors.Source("a", data.Uniform(16 * 16), 16, 16).Matrix, b = tensors.Source("b", data.Uniform(16 * 16), 16, 16).Matrix;
        MatrixView c = tensors.Destination("c", 16, 16).Matrix;
        TensorView bias = tensors.Source("bias", data.Uniform(16), 16).View, packed = tensors.Scratch("packed", backend.PackedMatrixBytes(16, 16)).View;
        backend.PackMatrix(b, packed);
        CublasLt lt = backend.ProductLibrary!;
        long heap = 0, asked = 0, allocated = 0;
        for (int i = 0; i < 40; i++)
        {
            if (i == 10)
            {
                (asked, allocated) = (lt.CallsOf(CublasLtEntry.cublasLtMatmulAlgoGetHeuristic), emulator.Live("allocations"));
                heap = GC.GetAllocatedBytesForCurrentThread();
            }

            backend.Gemm(a, b, bias, GemmActivation.Relu, accumulate: false, c);
            backend.GemmPacked(a, packed, 16, 16, bias, GemmActivation.None, accumulate: false, c);
        }

        Assert.Equal(heap, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal((asked, allocated), (lt.CallsOf(CublasLtEntry.cublasLtMatmulAlgoGetHeuristic), emulator.Live("allocations")));
    }

    /// <summary>A layer trained with the library beside one trained with the kernels: their gradients, which went through every kind of product.</summary>
    [Theory]
    [InlineData(ComputeMode.Fp32)]
    [InlineData(ComputeMode.Bf16)]
    public void A_layer_has_the_gradients_that_it_has_by_the_kernels(ComputeMode mode)
    {
        using var emulator = new PrivateEmulator();
        float[] expected = Gradients(Off, out long none), actual = Gradients(Always, out long products);
        Assert.Equal(0, none);
        Assert.True(products >= 8, $"{products} products by the library");

        // Sums differ in their last bits, and a factor that lies between two of the mode's then rounds the other way.
        double tolerance = (200 * Tolerances.UnitRoundoff) + (2 * Tolerances.FactorRoundoff(mode));
        Compare.Near($"{mode}", [.. expected.Select(static x => (double)x)], actual, tolerance * expected.Max(Math.Abs));

        float[] Gradients(CudaOptions options, out long products)
        {
            var backend = CudaBackend.Create(emulator.Driver, 0, mode, options);
            using var device = new Device(backend, seed: 5);
            using var layer = new Gru(device, 6, hidden: 8, layers: 2, bidirectional: true);
            long before = backend.ProductLibrary?.CallsOf(CublasLtEntry.cublasLtMatmul) ?? 0;
            Tensor x = device.Tensor([.. Enumerable.Range(0, 3 * 4 * 6).Select(static i => MathF.Sin(i))], new Shape(3, 4, 6), requiresGrad: true);
            layer.Run(x).Output.Sum().Backward();
            products = (backend.ProductLibrary?.CallsOf(CublasLtEntry.cublasLtMatmul) ?? 0) - before;
            return [.. x.Grad.ToArray(), .. layer.Parameters().SelectMany(static parameter => parameter.GradientToArray())];
        }
    }

    private sealed record Case(int M, int N, int K, bool TransposeA, bool TransposeB, bool Gap, bool Packed, int Epilogue);

    private static float[] Product(CudaBackend backend, Case x)
    {
        (bool hasBias, GemmActivation activation, bool accumulate) = Epilogues[x.Epilogue];
        using var tensors = new GuardedTensors(backend);
        var data = new TestData((ulong)((x.M * 1000) + x.N));
        int gap = x.Gap ? 3 : 0;
        (int aRows, int aColumns) = x.TransposeA ? (x.K, x.M) : (x.M, x.K);
        (int bRows, int bColumns) = x.TransposeB ? (x.N, x.K) : (x.K, x.N);
        MatrixView a = tensors.Matrix("A", Access.Source, data.Uniform((long)x.M * x.K), aRows, aColumns, aColumns + gap).Matrix;
        MatrixView b = tensors.Matrix("B", Access.Source, data.Uniform((long)x.K * x.N), bRows, bColumns, bColumns + gap).Matrix;
        TensorView bias = hasBias ? tensors.Source("bias", data.Uniform(x.N), x.N).View : default;
        GuardedTensor c = tensors.Matrix("C", accumulate ? Access.Updated : Access.Destination, data.Uniform((long)x.M * x.N), x.M, x.N, x.N + gap);
        a = x.TransposeA ? a.T : a;
        b = x.TransposeB ? b.T : b;
        if (x.Packed)
        {
            TensorView packed = tensors.Scratch("packed", backend.PackedMatrixBytes(x.K, x.N)).View;
            backend.PackMatrix(b, packed);
            backend.GemmPacked(a, packed, x.K, x.N, bias, activation, accumulate, c.Matrix);
        }
        else
        {
            backend.Gemm(a, b, bias, activation, accumulate, c.Matrix);
        }

        float[] result = c.Floats();
        tensors.Check(x.ToString());
        return result;
    }
}
