using System.Runtime.CompilerServices;

namespace RnnGpu.Cpu.Threading;

/// <summary>
/// Persistent threads that run one <see cref="Job"/> after another with the calling thread as worker 0. Between jobs they spin
/// for a moment, since the next operation usually follows at once, then park. Inside a job they meet at <see cref="Barrier"/>.
/// A <see cref="Part"/> has no threads of its own: inside a job of a larger team, one worker leads it and others <see cref="Serve"/>.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    // A pause is about 40 ns. Between jobs a worker waits long enough for the next operation of a training step; inside a job it
    // yields soon, since on an oversubscribed machine the one it waits for may need this very core.
    private const int SpinsBeforePark = 2000;
    private const int SpinsBeforeYield = 300;

    private readonly Thread[] _threads;
    private readonly AutoResetEvent[] _wake;
    private readonly int[] _parked;
    private Job? _job;
    private Exception? _failure;
    private volatile bool _stop;
    private int _enlisted;
    private Padded _generation;
    private Padded _running;
    private Padded _arrived;
    private Padded _phase;

    /// <summary>A team of <paramref name="workers"/>, the calling thread included.</summary>
    public WorkerTeam(int workers)
        : this(workers, workers - 1)
    {
    }

    private WorkerTeam(int workers, int threads)
    {
        Workers = workers;
        _wake = new AutoResetEvent[workers - 1];
        _parked = new int[workers - 1];
        for (int i = 0; i < _wake.Length; i++) { _wake[i] = new AutoResetEvent(false); }
        _threads = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Loop(worker, seen: 0)) { IsBackground = true, Name = $"rnngpu-cpu-{worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of workers, the calling thread included.</summary>
    public int Workers { get; }

    /// <summary>A team of <paramref name="workers"/> that a larger team lends: see <see cref="Enlist"/>.</summary>
    public static WorkerTeam Part(int workers) => new(workers, threads: 0);

    /// <summary>Gets a part ready, before the job starts in which one worker leads it and the others serve.</summary>
    public void Enlist()
    {
        _stop = false;
        _enlisted = _generation.Value;
    }

    /// <summary>A worker of the larger team takes part in this part's jobs, as <paramref name="worker"/> (from 1), until <see cref="Dismiss"/>.</summary>
    public void Serve(int worker) => Loop(worker, _enlisted);

    /// <summary>The worker that leads a part has no more jobs: lets the others go.</summary>
    public void Dismiss()
    {
        _stop = true;
        Announce();
    }

    /// <summary>Runs a job on all workers; returns when all are done.</summary>
    public void Run(Job job)
    {
        if (Workers == 1)
        {
            job.Execute(0, this);
            return;
        }

        _job = job;
        Volatile.Write(ref _running.Value, Workers - 1);
        Announce();
        job.Execute(0, this);
        int spins = 0;
        while (Volatile.Read(ref _running.Value) != 0) { Pause(ref spins); }
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("a CPU worker failed: " + failure.Message, failure);
        }
    }

    /// <summary>Waits, inside a job, until all workers are here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Barrier()
    {
        if (Workers > 1) { Meet(); }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        Interlocked.Increment(ref _generation.Value);
        foreach (AutoResetEvent wake in _wake) { wake.Set(); }
        foreach (Thread thread in _threads) { thread.Join(); }
        foreach (AutoResetEvent wake in _wake) { wake.Dispose(); }
    }

    /// <summary>Tells the workers that there is something new, and wakes those that sleep.</summary>
    private void Announce()
    {
        Interlocked.Increment(ref _generation.Value);
        for (int i = 0; i < _parked.Length; i++)
        {
            if (Interlocked.Exchange(ref _parked[i], 0) == 1) { _wake[i].Set(); }
        }
    }

    private static void Pause(ref int spins)
    {
        // With fewer free cores than workers the one we wait for may not be running: hand over.
        if (++spins < SpinsBeforeYield) { Thread.SpinWait(1); }
        else { Thread.Yield(); }
    }

    private void Meet()
    {
        int phase = Volatile.Read(ref _phase.Value);
        if (Interlocked.Increment(ref _arrived.Value) == Workers)
        {
            Volatile.Write(ref _arrived.Value, 0);
            Volatile.Write(ref _phase.Value, phase + 1);
            return;
        }

        int spins = 0;
        while (Volatile.Read(ref _phase.Value) == phase) { Pause(ref spins); }
    }

    /// <param name="worker">From 1.</param>
    /// <param name="seen">Generation up to which there is nothing to do.</param>
    private void Loop(int worker, int seen)
    {
        while (true)
        {
            WaitForJob(worker - 1, seen);
            seen++;
            if (_stop) { return; }
            try
            {
                _job!.Execute(worker, this);
            }
            catch (Exception failure)
            {
                _failure = failure;
            }

            Interlocked.Decrement(ref _running.Value);
        }
    }

    private void WaitForJob(int index, int seen)
    {
        for (int spins = 0; spins < SpinsBeforePark; spins++)
        {
            if (Volatile.Read(ref _generation.Value) != seen) { return; }
            Thread.SpinWait(1);
        }

        while (Volatile.Read(ref _generation.Value) == seen)
        {
            // Announce first, look again, then sleep: a job started in between either sees the flag or is seen here.
            Interlocked.Exchange(ref _parked[index], 1);
            if (Volatile.Read(ref _generation.Value) != seen)
            {
                // If the caller took the flag its signal is on the way; take it, so that it does not end a later sleep.
                if (Interlocked.Exchange(ref _parked[index], 0) == 0 && !_stop) { _wake[index].WaitOne(); }
                return;
            }

            _wake[index].WaitOne();
        }
    }

    /// <summary>A counter alone on its cache lines.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit, Size = 256)]
    private struct Padded
    {
        [System.Runtime.InteropServices.FieldOffset(128)]
        public int Value;
    }
}
