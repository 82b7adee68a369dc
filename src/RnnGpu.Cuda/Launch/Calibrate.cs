using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private const int SharedThreads = 256, GlobalThreads = 512, MultiplyThreads = 256, BarrierThreads = 128, WarpThreads = 32;
    private const int VectorBytes = 16, ReadsOfRound = 8, ChainsOfRound = 8, FlagLine = 32;

    // FLOP of a round of a warp: eight products of 16 x 16 by 16 x 8, or of 16 x 8 by 8 x 8.
    private const double HalfFlops = ChainsOfRound * 2.0 * 16 * 16 * 8, Tf32Flops = HalfFlops / 2;

    private readonly Kernel<CalibrateParams> _calibrateShared = new("calibrate_read", "calibrate_shared");
    private readonly Kernel<CalibrateParams> _calibrateGlobal = new("calibrate_read", "calibrate_global");
    private readonly Kernel<CalibrateParams> _calibrateFlag = new("calibrate_exchange", "calibrate_flag");
    private readonly Kernel<CalibrateParams> _calibrateBarrier = new("calibrate_exchange", "calibrate_barrier");
    private readonly Kernel<CalibrateParams> _calibrateBf16 = new("calibrate_multiply", "calibrate_mma_bf16_m16n8k16");
    private readonly Kernel<CalibrateParams> _calibrateFp16 = new("calibrate_multiply", "calibrate_mma_fp16_m16n8k16");
    private readonly Kernel<CalibrateParams> _calibrateTf32 = new("calibrate_multiply", "calibrate_mma_tf32_m16n8k8");
    private readonly Kernel<CalibrateParams> _calibrateFma = new("calibrate_multiply", "calibrate_fma");

    /// <summary>
    /// Measures the figures of <see cref="GpuFigures"/> on the device, by kernels of <c>kernels/cuda/calibrate</c> that do one thing each; takes about a second.
    /// What the kernels leave behind is checked. On the emulator everything runs once and small: times there mean nothing.
    /// </summary>
    /// <returns>This device's costs with the measured figures.</returns>
    /// <exception cref="CudaException">A kernel failed, or the device has no cooperative launches.</exception>
    /// <exception cref="OutOfDeviceMemoryException">Too little free device memory for a source larger than the L2.</exception>
    /// <exception cref="InvalidOperationException">A kernel left something else than it should: the device computes wrong.</exception>
    public GpuCosts Calibrate()
    {
        if (!_context.Device.CooperativeLaunch) { throw new CudaException($"{Device.Name} has no cooperative launches, by which blocks' exchange is measured"); }
        bool dry = Driver.IsEmulator;
        int sms = Device.Multiprocessors;

        // A quarter of the L2 stays there; eight times the L2 does not.
        long small = dry ? 64 << 10 : Math.Max(1 << 20, Device.L2Bytes / 4 >> 16 << 16), large = dry ? small : Math.Max(256L << 20, 8L * Device.L2Bytes);
        using IDeviceBuffer source = Allocate(large), sink = Allocate(4L * 2 * sms * GlobalThreads), flags = Allocate(4 * 2 * FlagLine);
        var words = new TensorView(source, 0, new Shape(checked((int)(large / 4))), DType.I32);
        FillWords(words, 1);
        var results = new TensorView(sink, 0, new Shape(2 * sms * GlobalThreads), DType.I32);
        var counters = new TensorView(flags, 0, new Shape(2 * FlagLine), DType.I32);
        var p = new CalibrateParams { Source = Pointer(words), Sink = Pointer(results), Flags = Pointer(counters) };
        var meter = new Meter(this, results, counters, dry);

        double shared = meter.Seconds(_calibrateShared, sms, SharedThreads, p, rounds => (uint)(rounds * ReadsOfRound * 4));
        double one = meter.Seconds(_calibrateGlobal, 1, GlobalThreads, p with { Count = small / VectorBytes, Whole = 1 });
        double all = meter.Seconds(_calibrateGlobal, 2 * sms, GlobalThreads, p with { Count = small / VectorBytes, Whole = 1 });
        double memory = meter.Seconds(_calibrateGlobal, 2 * sms, GlobalThreads, p with { Count = large / VectorBytes });
        double bf16 = meter.Seconds(_calibrateBf16, 2 * sms, MultiplyThreads, p), fp16 = meter.Seconds(_calibrateFp16, 2 * sms, MultiplyThreads, p);
        double tf32 = meter.Seconds(_calibrateTf32, 2 * sms, MultiplyThreads, p), fma = meter.Seconds(_calibrateFma, 2 * sms, MultiplyThreads, OneAndZero(p, words));
        double chain = meter.Seconds(_calibrateFma, 1, WarpThreads, p with { Count = 1 });
        double flag = meter.Seconds(_calibrateFlag, 2, WarpThreads, p, rounds => (uint)rounds, cooperative: true);
        int blocks = Math.Min(sms, _calibrateBarrier.MaxResidentBlocks(_context, new Dim3(BarrierThreads), 0));
        double barrier = meter.Seconds(_calibrateBarrier, blocks, BarrierThreads, p, rounds => (uint)rounds, cooperative: true);
        double launch = meter.GraphSeconds(_calibrateFma, p);
        double warps = 2.0 * sms * MultiplyThreads / WarpThreads, lanes = 2.0 * sms * MultiplyThreads;
        return Costs with
        {
            SharedRate = (double)SharedThreads * ReadsOfRound * VectorBytes / shared,
            L2ToMultiprocessorRate = small / one,
            L2Rate = 2.0 * sms * small / all,
            MemoryRate = large / memory,
            Bf16Rate = warps * HalfFlops / bf16,
            Fp16Rate = warps * HalfFlops / fp16,
            Tf32Rate = warps * Tf32Flops / tf32,
            Fp32Rate = lanes * 2 * ChainsOfRound / fma,
            FmaSeconds = chain / ChainsOfRound,
            FlagSeconds = flag / 2,
            BarrierSeconds = barrier,
            LaunchSeconds = launch,
        };
    }

    /// <summary>Chains that multiply by 1 and add 0 stay what they are.</summary>
    private CalibrateParams OneAndZero(CalibrateParams p, in TensorView words)
    {
        Upload<int>([BitConverter.SingleToInt32Bits(1), 0], words.Slice(0, new Shape(2)));
        return p;
    }

    private void FillWords(in TensorView words, uint word)
    {
        using CudaContext.Scope scope = _context.Enter();
        Driver.Fill(Pointer(words), word, words.Length, _queue.Stream);
    }

    /// <summary>
    /// Times launches by their rounds: two launches that differ in rounds alone, so that what a launch takes by itself cancels. The shortest of several counts,
    /// since everything that disturbs makes it longer.
    /// </summary>
    private sealed class Meter(CudaBackend backend, TensorView results, TensorView counters, bool dry)
    {
        private const int Attempts = 5, LaunchesOfGraph = 64, MostRounds = 1 << 24;
        private const double LongEnough = 1e-3;

        /// <summary>Seconds of a round.</summary>
        /// <param name="kernel">The kernel.</param>
        /// <param name="blocks">Grid.</param>
        /// <param name="threads">Block.</param>
        /// <param name="p">Parameters, but for the rounds.</param>
        /// <param name="expected">What the first word of the sink is to be after so many rounds; null: not checked.</param>
        /// <param name="cooperative">Whether blocks wait for one another.</param>
        public double Seconds(
            Kernel<CalibrateParams> kernel, int blocks, int threads, in CalibrateParams p, Func<int, uint>? expected = null, bool cooperative = false)
        {
            int rounds = 2;
            CalibrateParams parameters = p;
            double Launch(int turns)
            {
                parameters.Rounds = turns;
                backend.FillWords(counters, 0);
                double seconds = backend._queue.Time(() =>
                {
                    if (cooperative) { backend._queue.LaunchCooperative(kernel, new Dim3(blocks), new Dim3(threads), 0, parameters); }
                    else { backend._queue.Launch(kernel, new Dim3(blocks), new Dim3(threads), 0, parameters); }
                });
                Check(kernel, turns, expected);
                return seconds;
            }

            double longer = Launch(rounds);
            if (dry) { return Math.Max(longer, 1e-9) / rounds; }
            while ((longer = Launch(rounds)) < LongEnough && rounds < MostRounds) { rounds *= 2; }
            double shorter = double.PositiveInfinity;
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                longer = Math.Min(longer, Launch(rounds));
                shorter = Math.Min(shorter, Launch(rounds / 2));
            }

            // Launches whose time is all in their rounds differ by half of it; what is measured can be no less than that makes believable.
            return Math.Max(longer - shorter, longer / 8) / (rounds - (rounds / 2));
        }

        /// <summary>Seconds from a launch to the next that depends on it, in a graph.</summary>
        public double GraphSeconds(Kernel<CalibrateParams> kernel, CalibrateParams p)
        {
            p.Rounds = 0;
            int launches = dry ? 2 : LaunchesOfGraph;
            backend._queue.Launch(kernel, new Dim3(1), new Dim3(WarpThreads), 0, p);
            backend._queue.BeginCapture();
            for (int i = 0; i < launches; i++) { backend._queue.Launch(kernel, new Dim3(1), new Dim3(WarpThreads), 0, p); }
            using GraphExecHandle graph = backend._queue.EndCapture();
            double best = double.PositiveInfinity;
            for (int attempt = 0; attempt < (dry ? 1 : 2 * Attempts); attempt++)
            {
                best = Math.Min(best, backend._queue.Time(() => backend.Driver.LaunchGraph(graph.Value, backend._queue.Stream)));
            }

            return Math.Max(best, 1e-9) / launches;
        }

        private void Check(Kernel<CalibrateParams> kernel, int rounds, Func<int, uint>? expected)
        {
            if (expected is null) { return; }
            Span<int> first = stackalloc int[1];
            backend.Download(results.Slice(0, new Shape(1)), first);
            if ((uint)first[0] != expected(rounds))
            {
                throw new InvalidOperationException($"{kernel.Name} left {(uint)first[0]} after {rounds} rounds and not {expected(rounds)}: {backend.Device.Name} computes wrong");
            }
        }
    }
}
