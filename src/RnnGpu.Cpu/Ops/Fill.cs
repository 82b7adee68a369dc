using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly FillJob _fill = new();
    private readonly CopyJob _copy = new();

    public void Fill(float value, in TensorView destination)
    {
        if (destination.IsEmpty) { Check.Fail(nameof(Fill), "there is no destination"); }
        _fill.Pattern = BitConverter.SingleToInt32Bits(value);
        if (destination.DType == DType.I32)
        {
            if (value != (int)value) { Check.Fail(nameof(Fill), $"{value} is not an int, but the destination is {destination}"); }
            _fill.Pattern = (int)value;
        }

        _fill.Y = Ints(destination);
        _fill.Over(destination.Length, cost: 1, _team);
    }

    public void Copy(in TensorView source, in TensorView destination)
    {
        if (source.IsEmpty || destination.IsEmpty || source.DType != destination.DType || source.Length != destination.Length)
        {
            Check.Fail(nameof(Copy), $"source is {source}, destination {destination}; they must have the same type and number of elements");
        }

        _copy.X = Ints(source);
        _copy.Y = Ints(destination);
        if (_copy.X != _copy.Y) { _copy.Over(source.Length, cost: 1, _team); }
    }

    private sealed class FillJob : GrainedJob
    {
        public int Pattern;
        public int* Y;

        protected override void Run(long start, long end)
        {
            // a span counts in int
            for (long i = start; i < end; i += 1 << 30)
            {
                new Span<int>(Y + i, (int)Math.Min(end - i, 1 << 30)).Fill(Pattern);
            }
        }
    }

    private sealed class CopyJob : GrainedJob
    {
        public int* X;
        public int* Y;

        protected override void Run(long start, long end)
        {
            long bytes = (end - start) * sizeof(int);
            Buffer.MemoryCopy(X + start, Y + start, bytes, bytes);
        }
    }
}
