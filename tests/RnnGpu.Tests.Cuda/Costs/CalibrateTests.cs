using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;
using Xunit;

namespace RnnGpu.Tests.Cuda.Costs;

/// <summary>The measuring kernels do the work that their times are divided by: what they leave shows that every read, product and exchange took place.</summary>
public sealed class CalibrateTests
{
    [Fact]
    public void Calibrating_gives_every_figure_and_leaves_nothing()
    {
        using var emulator = new PrivateEmulator();
        using (var backend = CudaBackend.Create(emulator.Driver, 0))
        {
            GpuCosts costs = backend.Calibrate();
            foreach (GpuFigure figure in GpuFigures.All)
            {
                double measured = figure.Read(costs);
                Assert.True(measured > 0 && double.IsFinite(measured) && measured != figure.Read(backend.Costs), $"{figure.Range.Name}: {measured}");
            }

            Assert.Equal(backend.Device.Multiprocessors, costs.Multiprocessors);
        }

        Assert.Equal(0, emulator.Live());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Shared_reads_are_all_added_up(int rounds)
    {
        using var bench = new Bench(4 * 2048, i => i);
        uint[] sums = bench.Run("calibrate_read", "calibrate_shared", 2, 256, new CalibrateParams { Rounds = rounds });
        for (int thread = 0; thread < 256; thread++)
        {
            uint expected = 0;
            for (int round = 0; round < rounds; round++)
            {
                for (int k = 0; k < 8; k++)
                {
                    uint vector = (uint)((round * 32) + thread + (256 * k)) % 2048;
                    for (uint word = 0; word < 4; word++) { expected += (4 * vector) + word; }
                }
            }

            Assert.Equal((expected, expected), (sums[thread], sums[256 + thread]));
        }
    }

    [Theory]
    [InlineData(1, 1000, 3)]
    [InlineData(3, 1021, 2)]
    [InlineData(8, 7000, 1)]
    public void Global_reads_are_every_vector_once_or_once_a_block(int blocks, int vectors, int rounds)
    {
        using var bench = new Bench(4 * vectors, i => (i * 7) + 1);
        uint once = 0;
        for (uint i = 0; i < 4 * vectors; i++) { once += (i * 7) + 1; }
        uint[] together = bench.Run("calibrate_read", "calibrate_global", blocks, 512, new CalibrateParams { Count = vectors, Rounds = rounds });
        Assert.Equal((uint)rounds * once, Sum(together));
        uint[] each = bench.Run("calibrate_read", "calibrate_global", blocks, 512, new CalibrateParams { Count = vectors, Rounds = rounds, Whole = 1 });
        for (int block = 0; block < blocks; block++) { Assert.Equal((uint)rounds * once, Sum(each.AsSpan(512 * block, 512))); }
    }

    [Theory]
    [InlineData("calibrate_mma_bf16_m16n8k16")]
    [InlineData("calibrate_mma_fp16_m16n8k16")]
    [InlineData("calibrate_mma_tf32_m16n8k8")]
    public void Products_of_zeros_leave_what_chains_start_from(string kernel)
    {
        using var bench = new Bench(4, i => i);
        uint[] words = bench.Run("calibrate_multiply", kernel, 2, 256, new CalibrateParams { Rounds = 2 });
        for (int i = 0; i < words.Length; i++) { Assert.Equal(32f * (i % 256), BitConverter.UInt32BitsToSingle(words[i])); }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Multiply_adds_follow_one_another(int chains)
    {
        // x = x / 2 + 1, from the thread's number on: one chain of 24, or eight of 3.
        using var bench = new Bench(4, i => i == 0 ? BitConverter.SingleToUInt32Bits(0.5f) : BitConverter.SingleToUInt32Bits(1f));
        uint[] words = bench.Run("calibrate_multiply", "calibrate_fma", 1, 256, new CalibrateParams { Rounds = 3, Count = chains });
        for (int thread = 0; thread < 256; thread++)
        {
            float[] x = [.. Enumerable.Repeat((float)thread, 8)];
            for (int i = 0; i < 24; i++)
            {
                int k = chains == 1 ? 0 : i % 8;
                x[k] = MathF.FusedMultiplyAdd(x[k], 0.5f, 1f);
            }

            float sum = 0;
            foreach (float chain in x) { sum += chain; }
            Assert.Equal(sum, BitConverter.UInt32BitsToSingle(words[thread]));
        }
    }

    [Theory]
    [InlineData("calibrate_flag", 2, 32, 1)]
    [InlineData("calibrate_barrier", 4, 128, 1)]
    public void Blocks_see_every_round(string kernel, int blocks, int threads, int each)
    {
        using var bench = new Bench(4, i => i);
        uint[] words = bench.Run("calibrate_exchange", kernel, blocks, threads, new CalibrateParams { Rounds = 9 }, cooperative: true);
        Assert.All(words.Take(blocks * each), word => Assert.Equal(9u, word));
    }

    private static uint Sum(ReadOnlySpan<uint> words)
    {
        uint sum = 0;
        foreach (uint word in words) { sum += word; }
        return sum;
    }

    /// <summary>A source of words, a sink, and counters at 0.</summary>
    private sealed class Bench : IDisposable
    {
        private const int SinkWords = 8 * 512;

        private readonly PrivateEmulator _emulator = new();
        private readonly CudaBackend _backend;
        private readonly IDeviceBuffer _source, _sink, _flags;

        public Bench(int words, Func<uint, uint> word)
        {
            _backend = CudaBackend.Create(_emulator.Driver, 0);
            (_source, _sink, _flags) = (_backend.Allocate(4L * words), _backend.Allocate(4L * SinkWords), _backend.Allocate(4 * 64));
            _backend.Upload<int>([.. Enumerable.Range(0, words).Select(i => (int)word((uint)i))], View(_source, words));
        }

        public uint[] Run(string module, string name, int blocks, int threads, CalibrateParams p, bool cooperative = false)
        {
            _backend.Upload<int>(new int[64], View(_flags, 64));
            p.Source = CudaBackend.DevicePointer(View(_source, 1));
            p.Sink = CudaBackend.DevicePointer(View(_sink, 1));
            p.Flags = CudaBackend.DevicePointer(View(_flags, 1));
            var kernel = new Kernel<CalibrateParams>(module, name);
            if (cooperative) { _backend.Queue.LaunchCooperative(kernel, new Dim3(blocks), new Dim3(threads), 0, p); }
            else { _backend.Queue.Launch(kernel, new Dim3(blocks), new Dim3(threads), 0, p); }
            int count = cooperative ? blocks : blocks * threads;
            var words = new int[count];
            _backend.Download<int>(View(_sink, count), words);
            return [.. words.Select(word => (uint)word)];
        }

        public void Dispose()
        {
            foreach (IDeviceBuffer buffer in (IDeviceBuffer[])[_source, _sink, _flags]) { buffer.Dispose(); }
            _backend.Dispose();
            _emulator.Dispose();
        }

        private static TensorView View(IDeviceBuffer buffer, int words) => new(buffer, 0, new Shape(words), DType.I32);
    }
}
