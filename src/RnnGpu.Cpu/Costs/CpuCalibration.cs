using System.Diagnostics;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

/// <summary>
/// Measures <see cref="CpuCosts"/> on this machine, in a second or two: the rate of the engine's own products on one core, reads of each cache and of memory, and
/// meetings of a team. Of several attempts the best counts, since everything that disturbs makes them longer.
/// </summary>
public static class CpuCalibration
{
    // Meetings are timed in short runs, many of them: some fall where nothing else wants the cores.
    private const int Attempts = 7, ShortAttempts = 300, Meetings = 100, Jobs = 20;
    private const double LongEnough = 10e-3;
    private const long LeastOfMemory = 64L << 20, MostOfMemory = 512L << 20;

    // Operands of half a megabyte: they stay in a core's own cache.
    private const int Rows = 192, Columns = 256, Inner = 256;

    /// <summary>Measures.</summary>
    /// <param name="threads">Workers that meet; null: one a core.</param>
    /// <param name="path">SIMD path; null: the one that backends take.</param>
    /// <exception cref="ArgumentException">A number of threads or a path that this machine cannot have.</exception>
    public static CpuCosts Measure(int? threads = null, SimdPath? path = null)
    {
        SimdPath chosen = path ?? SimdPaths.Choose();
        double product = ProductSeconds(chosen);
        return chosen switch
        {
            SimdPath.Avx512 => Measure<Simd512>(chosen, threads, product),
            SimdPath.Avx2 => Measure<Simd256>(chosen, threads, product),
            SimdPath.V128 => Measure<Simd128>(chosen, threads, product),
            _ => Measure<SimdScalar>(chosen, threads, product),
        };
    }

    private static CpuCosts Measure<T>(SimdPath path, int? threads, double productSeconds)
        where T : struct, ISimd<T>
    {
        CpuCosts start = CpuCosts.Default(path);
        double l2 = CpuModel.Caches.L2 > 0 ? CpuModel.Caches.L2 : start.L2Bytes;
        double l3 = Math.Max(l2, CpuModel.Caches.L3 > 0 ? CpuModel.Caches.L3 : start.L3Bytes);
        using var team = new WorkerTeam(Math.Clamp(threads ?? Environment.ProcessorCount, 1, CpuBackend.MaxThreads));
        using var alone = new WorkerTeam(1);

        // Between the caches: larger than the inner one by far, and at home in the outer one. Beyond all of them, each worker its own part.
        long inner = (long)(l2 / 2), outer = (long)Math.Min(Math.Max(4 * l2, l3 / 4), Math.Max(l3 / 2, 2 * l2));
        long memory = (long)Math.Clamp(4 * l3, LeastOfMemory, MostOfMemory);
        using var buffer = new CpuBuffer(memory);
        var read = new ReadJob<T>(buffer);
        read.Touch(memory);
        bool meets = team.Workers > 1;
        var meeting = new MeetJob(Meetings);
        return start with
        {
            FlopsPerSecond = 2.0 * Rows * Columns * Inner / productSeconds,
            BarrierSeconds = meets ? Best(() => team.Run(meeting), ShortAttempts) / Meetings : start.BarrierSeconds,
            TeamStartSeconds = meets ? Best(() => StartJobs(team), ShortAttempts) / Jobs : start.TeamStartSeconds,
            L2Bytes = l2,
            L3Bytes = l3,
            L2BytesPerSecond = read.Rate(inner, alone),
            L3BytesPerSecond = read.Rate(outer, alone),
            MemoryBytesPerSecond = read.Rate(memory, team),
        };
    }

    /// <summary>Seconds of one of the engine's products, on one core.</summary>
    private static double ProductSeconds(SimdPath path)
    {
        using IBackend backend = CpuBackend.Create(1, path);
        long packedBytes = backend.PackedMatrixBytes(Inner, Columns);
        using IDeviceBuffer a = backend.Allocate(4L * Rows * Inner), b = backend.Allocate(4L * Inner * Columns), c = backend.Allocate(4L * Rows * Columns);
        using IDeviceBuffer d = backend.Allocate(packedBytes);
        TensorView x = new(a, 0, new Shape(Rows, Inner)), w = new(b, 0, new Shape(Inner, Columns)), y = new(c, 0, new Shape(Rows, Columns));
        TensorView packed = new(d, 0, new Shape(checked((int)(packedBytes / 4))));
        backend.Fill(0.5f, x);
        backend.Fill(0.25f, w);
        backend.PackMatrix(w.AsMatrix(), packed);
        void Multiply()
        {
            backend.GemmPacked(x.AsMatrix(), packed, Inner, Columns, default, GemmActivation.None, accumulate: false, y.AsMatrix());
            backend.Synchronize();
        }

        for (int warm = 0; warm < Attempts; warm++) { Multiply(); }
        return Best(Multiply);
    }

    private static void StartJobs(WorkerTeam team)
    {
        var job = new MeetJob(0);
        for (int i = 0; i < Jobs; i++) { team.Run(job); }
    }

    /// <summary>The shortest of some runs.</summary>
    private static double Best(Action run, int attempts = Attempts)
    {
        double best = double.PositiveInfinity;
        for (int attempt = 0; attempt < attempts; attempt++)
        {
            long began = Stopwatch.GetTimestamp();
            run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return Math.Max(best, 1e-9);
    }

    /// <summary>Workers that meet so many times.</summary>
    private sealed class MeetJob(int meetings) : Job
    {
        public override void Execute(int worker, WorkerTeam team)
        {
            for (int i = 0; i < meetings; i++) { team.Barrier(); }
        }
    }

    /// <summary>Workers that add up what they read, each its own part of a buffer, again and again.</summary>
    private sealed unsafe class ReadJob<T>(CpuBuffer buffer) : Job
        where T : struct, ISimd<T>
    {
        private const int Chains = 8;

        private long _floats;
        private int _turns;
        private float _sum;

        /// <summary>Gives every page its memory.</summary>
        public void Touch(long bytes) => new Span<float>(buffer.Pointer, checked((int)(bytes / sizeof(float)))).Fill(1);

        /// <summary>Bytes a second of all workers.</summary>
        public double Rate(long bytes, WorkerTeam team)
        {
            _floats = bytes / sizeof(float) / team.Workers / (Chains * T.Width) * (Chains * T.Width);
            _turns = 1;
            double seconds = Best(() => team.Run(this));
            _turns = (int)Math.Clamp(LongEnough / seconds, 1, 1 << 20);
            if (_turns > 1) { seconds = Best(() => team.Run(this)); }
            return (double)_turns * _floats * sizeof(float) * team.Workers / seconds;
        }

        public override void Execute(int worker, WorkerTeam team)
        {
            float* from = (float*)buffer.Pointer + (worker * _floats), end = from + _floats;
            T zero = T.Broadcast(0), a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero, h = zero;
            for (int turn = 0; turn < _turns; turn++)
            {
                for (float* p = from; p < end; p += Chains * T.Width)
                {
                    a += T.Load(p);
                    b += T.Load(p + T.Width);
                    c += T.Load(p + (2 * T.Width));
                    d += T.Load(p + (3 * T.Width));
                    e += T.Load(p + (4 * T.Width));
                    f += T.Load(p + (5 * T.Width));
                    g += T.Load(p + (6 * T.Width));
                    h += T.Load(p + (7 * T.Width));
                }
            }

            T sum = a + b + c + d + e + f + g + h;
            float* lanes = stackalloc float[16];
            T.Store(lanes, sum);

            // Kept, so that no read can be left out.
            if (worker == 0) { _sum = lanes[0]; }
            GC.KeepAlive(_sum > 0 ? this : null);
        }
    }
}
