using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests.Cuda.Products;

/// <summary>How products and recurrences are queued, and what their kernels are made of.</summary>
public sealed class LaunchTests
{
    public static TheoryData<CellKind> Cells() => new(Enum.GetValues<CellKind>());

    /// <summary>From the third time on, a chunk is a launch in front and a replay each way, however many steps it has.</summary>
    [Theory]
    [MemberData(nameof(Cells))]
    public void Driver_calls_of_a_chunk_do_not_grow_with_its_steps(CellKind cell)
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0);
        Assert.Equal(Calls(backend, cell, steps: 3), Calls(backend, cell, steps: 40));
    }

    [Fact]
    public void Without_graphs_each_step_is_a_driver_call()
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Fp32, new CudaOptions { Graphs = false, Strategy = CudaStrategy.Stepwise });
        Assert.True(Calls(backend, CellKind.Lstm, steps: 40) >= Calls(backend, CellKind.Lstm, steps: 3) + (2 * 37));
        Assert.Equal(0, backend.Driver.CallsOf(DriverEntry.cuGraphLaunch));
    }

    private static long Calls(CudaBackend backend, CellKind cell, int steps)
    {
        using var chunk = new Chunk(backend, cell, steps);
        for (int i = 0; i < 3; i++) { chunk.Run(); }
        long before = backend.Driver.TotalCalls;
        chunk.Run();
        return backend.Driver.TotalCalls - before;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Chunks_and_products_allocate_nothing_on_the_managed_heap(CellKind cell)
    {
        using var emulator = new PrivateEmulator();
        using var backend = CudaBackend.Create(emulator.Driver, 0, ComputeMode.Bf16);
        using var chunk = new Chunk(backend, cell, steps: 2);
        using var single = new Chunk(backend, cell, steps: 1);
        long allocated = -1;
        for (int i = 0; i < 40; i++)
        {
            if (i == 10) { allocated = GC.GetAllocatedBytesForCurrentThread(); }
            chunk.Run();
            single.Run();
            chunk.Multiply();
        }

        Assert.Equal(allocated, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>A graph replays with other operands: what changes from call to call stands in device memory.</summary>
    [Fact]
    public void A_replay_takes_the_operands_of_its_call()
    {
        using var backend = CudaBackend.Create(EmulatorBuild.Driver, 0);
        RecurrentCase one = new RecurrentCase(CellKind.Lstm, 3, 2, 5, Reverse: false, HasLengths: true, HasResets: false).Make();
        RecurrentCase other = new RecurrentCase(CellKind.Lstm, 3, 2, 5, Reverse: true, HasLengths: false, HasResets: true).Make();
        using IDeviceBuffer packed = backend.Allocate(1 << 16), workspace = backend.Allocate(1 << 16);
        float[][] fresh = [States(one), States(other)];
        for (int i = 0; i < 6; i++) { Compare.Bits($"run {i}", fresh[i % 2], States(i % 2 == 0 ? one : other)); }

        float[] States(RecurrentCase x)
        {
            using var tensors = new GuardedTensors(backend);
            var weights = new TensorView(packed, 0, new Shape(1 << 14));
            var scratch = new TensorView(workspace, 0, new Shape(1 << 14));
            backend.PackRecurrent(tensors.Source("R", x.Weights, 20, 5).View, new RecurrentProblem(x.Cell, 5, 2, 3, false), weights);
            GuardedTensor h = tensors.Updated("h", [.. x.H0, .. x.H0, .. x.H0, .. x.H0], 4, 2, 5), c = tensors.Updated("c", [.. x.C0, .. x.C0, .. x.C0, .. x.C0], 4, 2, 5);
            var chunk = new RecurrentChunk
            {
                Cell = x.Cell,
                Hidden = 5,
                Batch = 2,
                Steps = 3,
                Reverse = x.Reverse,
                Gates = tensors.Updated("gates", x.Pre, 3, 2, 20).View,
                H = h.View,
                C = c.View,
                Lengths = x.Lengths is null ? default : tensors.Source("lengths", x.Lengths, 2).View,
                Resets = x.Resets is null ? default : tensors.Source("resets", x.Resets, 3, 2).View,
            };
            backend.RecurrentForward(chunk, weights, default, scratch, default);
            return [.. h.Floats(), .. c.Floats()];
        }
    }

    /// <summary>Products of the modes below fp32 run on tensor cores, fed by asynchronous copies; those of fp32 do not.</summary>
    [Fact]
    public void Kernels_of_lower_precision_use_tensor_cores()
    {
        foreach (string file in PtxImage.FileNames)
        {
            string[] parts = file.Split('.')[0].Split('_');
            if (parts[0] is not ("gemm" or "elman" or "lstm" or "gru")) { continue; }
            string text = PtxImage.Read(file).Text;
            string? type = parts[^1] switch { "tf32" => "m16n8k8.row.col.f32.tf32", "bf16" => "m16n8k16.row.col.f32.bf16", "fp16" => "m16n8k16.row.col.f32.f16", _ => null };
            Assert.Contains("cp.async", text, StringComparison.Ordinal);
            if (type is null)
            {
                Assert.DoesNotContain("mma.sync", text, StringComparison.Ordinal);
                Assert.Contains("fma.rn.f32", text, StringComparison.Ordinal);
            }
            else
            {
                Assert.Contains($"mma.sync.aligned.{type}", text, StringComparison.Ordinal);
                Assert.Contains("ldmatrix.sync", text, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>A chunk of one cell both ways, and a product, over tensors of zeros.</summary>
    private sealed class Chunk : IDisposable
    {
        private const int Batch = 3, Hidden = 9;
        private readonly CudaBackend _backend;
        private readonly List<IDeviceBuffer> _buffers = [];
        private readonly RecurrentChunk _chunk;
        private readonly TensorView _weights, _packed, _workspace, _dh, _dc, _matrix;
        private readonly MatrixView _y;
        private readonly RecurrentProblem _problem;

        public Chunk(CudaBackend backend, CellKind cell, int steps)
        {
            _backend = backend;
            _problem = new RecurrentProblem(cell, Hidden, Batch, steps, Training: true);
            int wide = Layouts.Gates(cell) * Hidden, state = Batch * Hidden;
            _weights = Zeros(wide * Hidden);
            _packed = Zeros((int)backend.PackedRecurrentBytes(_problem) / 4);
            _workspace = Zeros((int)backend.RecurrentWorkspaceBytes(_problem) / 4);
            _matrix = Zeros((int)backend.PackedMatrixBytes(Hidden, wide) / 4);
            (_dh, _dc) = (Zeros(state), Zeros(state));
            _y = Zeros(steps * state).Reshape(new Shape(steps, Batch, Hidden)).AsMatrix();
            _chunk = new RecurrentChunk
            {
                Cell = cell,
                Hidden = Hidden,
                Batch = Batch,
                Steps = steps,
                Gates = Zeros(steps * Batch * wide),
                Extra = Zeros(steps * state),
                H = Zeros((steps + 1) * state),
                C = Zeros((steps + 1) * state),
            };
        }

        public void Run()
        {
            _backend.PackRecurrent(_weights, _problem, _packed);
            _backend.RecurrentForward(_chunk, _packed, default, _workspace, _y);
            _backend.RecurrentBackward(_chunk, _packed, _y, _workspace, _dh, _dc);
        }

        public void Multiply()
        {
            int wide = Layouts.Gates(_problem.Cell) * Hidden;
            MatrixView r = new(_weights, wide, Hidden, Hidden), gates = new(_chunk.Gates, _problem.Steps * Batch, wide, wide);
            _backend.PackMatrix(r.T, _matrix);
            _backend.GemmPacked(_y, _matrix, Hidden, wide, default, GemmActivation.None, accumulate: false, gates);
            _backend.Gemm(gates, r, default, GemmActivation.None, accumulate: false, _y);
        }

        public void Dispose()
        {
            foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        }

        private TensorView Zeros(int count)
        {
            IDeviceBuffer buffer = _backend.Allocate(count * 4L);
            _buffers.Add(buffer);
            var view = new TensorView(buffer, 0, new Shape(count));
            _backend.Fill(0, view);
            return view;
        }
    }
}
