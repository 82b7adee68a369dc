using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Ops;

/// <summary>Runs a piece of backend work on every SIMD path of this machine with one and two threads; all must give the same bits.</summary>
internal static class Machines
{
    /// <summary>The work's results, after the comparison.</summary>
    public static float[] Run(Func<Machine, float[]> work)
    {
        float[]? first = null;
        foreach (SimdPath path in Enum.GetValues<SimdPath>().Where(SimdPaths.IsSupported))
        {
            foreach (int threads in (int[])[1, 2])
            {
                using var machine = new Machine(path, threads);
                float[] result = work(machine);
                machine.CheckGuards();
                first ??= result;
                Assert.Equal(first.Length, result.Length);
                for (int i = 0; i < result.Length; i++)
                {
                    bool same = BitConverter.SingleToInt32Bits(first[i]) == BitConverter.SingleToInt32Bits(result[i])
                        || (float.IsNaN(first[i]) && float.IsNaN(result[i]));
                    if (!same) { Assert.Fail($"element {i} is {result[i]:R} on {path} with {threads} threads, but {first[i]:R} on the first path"); }
                }
            }
        }

        return first!;
    }

    /// <summary>Asserts that results are as near to the expected ones as their size allows.</summary>
    /// <param name="tolerance">Largest error, relative for values above 1.</param>
    public static void Near(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            bool near = Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i]))
                || expected[i].Equals((double)actual[i]);
            if (!near) { Assert.Fail($"element {i}: expected {expected[i]:R}, got {actual[i]:R}"); }
        }
    }

    /// <summary>Numbers without symmetry in -range..range.</summary>
    public static float[] Numbers(int count, uint site, float range = 2f)
    {
        var stream = new PhiloxStream(new RandomKey(7, 1, site));
        var x = new float[count];
        for (int i = 0; i < count; i++) { x[i] = ((2f * stream.NextFloat()) - 1f) * range; }
        return x;
    }

    /// <summary>Integers in low..high-1.</summary>
    public static int[] Integers(int count, uint site, int low, int high)
    {
        var stream = new PhiloxStream(new RandomKey(7, 2, site));
        var x = new int[count];
        for (int i = 0; i < count; i++) { x[i] = low + stream.NextInt(high - low); }
        return x;
    }
}

/// <summary>A backend with tensors that have guards at both ends.</summary>
internal sealed class Machine(SimdPath path, int threads) : IDisposable
{
    private const int Guard = 16;
    private const int Sentinel = 0x7FC0BEEF;

    private readonly List<(IDeviceBuffer Buffer, int Length)> _buffers = [];

    public IBackend Backend { get; } = CpuBackend.Create(threads, path);

    public TensorView Put(float[] values, params int[] sizes) => Put(values, DType.F32, sizes);

    public TensorView Put(int[] values, params int[] sizes) => Put(values, DType.I32, sizes);

    /// <summary>A tensor full of NaN.</summary>
    public TensorView Make(params int[] sizes)
    {
        var nothing = new float[new Shape(sizes).Length];
        Array.Fill(nothing, float.NaN);
        return Put(nothing, sizes);
    }

    public float[] Get(TensorView view)
    {
        var values = new float[view.Length];
        Backend.Download(view, values.AsSpan());
        return values;
    }

    public float[] GetInts(TensorView view)
    {
        var values = new int[view.Length];
        Backend.Download(view, values.AsSpan());
        return Array.ConvertAll(values, v => (float)v);
    }

    public void CheckGuards()
    {
        foreach ((IDeviceBuffer buffer, int length) in _buffers)
        {
            var ends = new int[length + (2 * Guard)];
            Backend.Download(new TensorView(buffer, 0, new Shape(ends.Length), DType.I32), ends.AsSpan());
            for (int i = 0; i < Guard; i++)
            {
                Assert.Equal(Sentinel, ends[i]);
                Assert.Equal(Sentinel, ends[Guard + length + i]);
            }
        }
    }

    public void Dispose()
    {
        Backend.Dispose();
        foreach ((IDeviceBuffer buffer, _) in _buffers) { buffer.Dispose(); }
    }

    private TensorView Put<TElement>(TElement[] values, DType dtype, int[] sizes)
        where TElement : unmanaged
    {
        Shape shape = sizes.Length == 0 ? new Shape(values.Length) : new Shape(sizes);
        IDeviceBuffer buffer = Backend.Allocate(4L * (values.Length + (2 * Guard)));
        _buffers.Add((buffer, values.Length));
        var guards = new int[values.Length + (2 * Guard)];
        Array.Fill(guards, Sentinel);
        Backend.Upload<int>(guards, new TensorView(buffer, 0, new Shape(guards.Length), DType.I32));
        var view = new TensorView(buffer, Guard, shape, dtype);
        Backend.Upload<TElement>(values, view);
        return view;
    }
}
