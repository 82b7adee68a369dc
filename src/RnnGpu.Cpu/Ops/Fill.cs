using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly FillJob _fill = new();
    private readonly CopyJob _copy = new();

    public void Fill(float value, in TensorView destination)
    {
        int pattern = Check.Fill(value, destination);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.Fill, Alpha = value, V = destination };
            return;
        }

        _fill.Pattern = pattern;
        _fill.Y = Ints(destination);
        _fill.Over(destination.Length, cost: 1, _team);
    }

    public void Copy(in TensorView source, in TensorView destination)
    {
        Check.Copy(source, destination);
        if (IsQueueing)
        {
            NextCall() = new QueuedCall { Kind = QueuedCallKind.Copy, U = source, V = destination };
            return;
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
