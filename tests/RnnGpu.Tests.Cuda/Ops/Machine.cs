using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Cuda;
using RnnGpu.Tests.Contract;

namespace RnnGpu.Tests.Cuda.Ops;

/// <summary>A backend with tensors that go with it.</summary>
internal sealed class Machine(IBackend backend) : IDisposable
{
    private readonly List<IDeviceBuffer> _buffers = [];

    public IBackend Backend => backend;

    /// <summary>Runs the same work on the CPU backend and on the emulator.</summary>
    public static (float[] Cpu, float[] Emulator) Both(Func<Machine, float[]> work)
    {
        using var cpu = new Machine(CpuBackend.Create(threads: 1));
        using var emulator = new Machine(CudaBackend.Create(EmulatorBuild.Driver, 0));
        return (work(cpu), work(emulator));
    }

    /// <summary>Runs work on the CPU backend and on the emulator; the bits must be the same.</summary>
    public static void SameBits(string context, Func<Machine, float[]> work)
    {
        (float[] cpu, float[] emulator) = Both(work);
        Compare.Bits(context, cpu, emulator);
    }

    /// <summary>Runs work on emulators of one and of many multiprocessors; the bits must be the same.</summary>
    public static void SameBitsWhateverTheDevice(string context, Func<Machine, float[]> work)
    {
        float[]? first = null;
        foreach (string multiprocessors in (string[])["1", "3", "64"])
        {
            using var emulator = new PrivateEmulator(("RNNGPU_EMULATOR_SMS", multiprocessors));
            using var machine = new Machine(CudaBackend.Create(emulator.Driver, 0));
            float[] result = work(machine);
            first ??= result;
            Compare.Bits($"{context} on {multiprocessors} multiprocessors", first, result);
        }
    }

    /// <summary>A tensor that starts <paramref name="shift"/> elements into its buffer, so that its address may not be a multiple of 16.</summary>
    public TensorView Put(float[] values, int[]? shape = null, int shift = 0) => Put(values, DType.F32, shape, shift);

    public TensorView Put(int[] values, int[]? shape = null, int shift = 0) => Put(values, DType.I32, shape, shift);

    public TensorView Make(params int[] shape) => Put(Filled(shape), shape);

    public float[] Get(TensorView view)
    {
        var values = new float[view.Length];
        backend.Download(view, values.AsSpan());
        return values;
    }

    public float[] GetInts(TensorView view)
    {
        var values = new int[view.Length];
        backend.Download(view, values.AsSpan());
        return Array.ConvertAll(values, BitConverter.Int32BitsToSingle);
    }

    public void Dispose()
    {
        foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        backend.Dispose();
    }

    private static float[] Filled(int[] shape)
    {
        var values = new float[new Shape(shape).Length];
        Array.Fill(values, float.NaN);
        return values;
    }

    private TensorView Put<T>(T[] values, DType dtype, int[]? shape, int shift)
        where T : unmanaged
    {
        IDeviceBuffer buffer = backend.Allocate(4L * (values.Length + shift));
        _buffers.Add(buffer);
        var view = new TensorView(buffer, shift, shape is null ? new Shape(values.Length) : new Shape(shape), dtype);
        backend.Upload<T>(values, view);
        return view;
    }
}
