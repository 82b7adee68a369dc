using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Handles;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda.Streams;

/// <summary>
/// Where a backend's work is queued: a main stream, side streams for what may run beside it, and loops captured as graphs. Work goes
/// to <see cref="Stream"/>, which is the main stream except between <see cref="Fork"/> and <see cref="Return"/> or in a <see cref="GraphRecording{TKey}"/>.
/// </summary>
internal sealed class CudaQueue : IDisposable
{
    /// <summary>Side streams.</summary>
    public const int Sides = 3;

    private readonly StreamHandle? _own;
    private readonly Side?[] _sides = new Side?[Sides];
    private readonly List<IDisposable> _owned = [];

    // What Return goes back to; no side stream is forked to twice at a time.
    private readonly nint[] _back = new nint[Sides];
    private readonly int[] _backQueue = new int[Sides];
    private int _forks;
    private StreamHandle? _capture;
    private nint _behindCapture;

    /// <summary>A queue with a stream of its own.</summary>
    public CudaQueue(CudaContext context)
    {
        Context = context;
        _own = new StreamHandle(context.Handle);
        Stream = _own.Value;
    }

    /// <summary>A queue on a stream that somebody else owns; 0 is the context's default stream.</summary>
    public CudaQueue(CudaContext context, nint stream)
    {
        Context = context;
        Stream = stream;
    }

    public CudaContext Context { get; }

    /// <summary>The stream that takes work now.</summary>
    public nint Stream { get; private set; }

    /// <summary>Number of the queue that takes work now: 0 the main one, then the sides.</summary>
    public int Current { get; private set; }

    /// <summary>Whether a loop is being captured: nothing may wait and nothing may be read back.</summary>
    public bool IsCapturing { get; private set; }

    /// <summary>Whether loops become graphs when they are seen again.</summary>
    public bool CapturesLoops { get; set; } = true;

    /// <summary>The kernel launched last, for messages.</summary>
    public string LastKernel { get; private set; } = "";

    public void Launch<TParameters>(Kernel<TParameters> kernel, Dim3 grid, Dim3 block, int sharedBytes, in TParameters parameters)
        where TParameters : unmanaged
    {
        LastKernel = kernel.Name;
        kernel.Launch(Context, Stream, grid, block, sharedBytes, parameters);
    }

    public void LaunchCooperative<TParameters>(Kernel<TParameters> kernel, Dim3 grid, Dim3 block, int sharedBytes, in TParameters parameters)
        where TParameters : unmanaged
    {
        LastKernel = kernel.Name;
        kernel.LaunchCooperative(Context, Stream, grid, block, sharedBytes, parameters);
    }

    /// <summary>Waits until everything queued has run.</summary>
    /// <exception cref="CudaException">A kernel failed.</exception>
    public void Synchronize()
    {
        using CudaContext.Scope scope = Context.Enter();
        CudaResult status = Context.Driver.TrySynchronizeStream(Stream);
        if (status != CudaResult.Success)
        {
            Context.Driver.Fail(status, DriverEntry.cuStreamSynchronize, LastKernel.Length > 0 ? $"the last kernel launched was {LastKernel}" : "");
        }
    }

    /// <summary>Seconds that work takes on the device from its first operation to its last, by events; waits for it.</summary>
    /// <exception cref="CudaException">A kernel failed.</exception>
    public double Time(Action work)
    {
        using CudaContext.Scope scope = Context.Enter();
        using EventHandle first = new(Context.Handle, timing: true), last = new(Context.Handle, timing: true);
        Context.Driver.RecordEvent(first.Value, Stream);
        work();
        Context.Driver.RecordEvent(last.Value, Stream);
        Synchronize();
        return Context.Driver.ElapsedSeconds(first.Value, last.Value);
    }

    /// <summary>
    /// Sends work to a side stream until <see cref="Return"/>; that starts once everything queued so far has run. Nothing waits for it before
    /// <see cref="Join"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Work goes there already.</exception>
    public void Fork(int side)
    {
        using CudaContext.Scope scope = Context.Enter();
        Side to = _sides[side] ??= new Side(Context.Handle);
        if (_forks == Sides || Stream == to.Stream.Value || Array.IndexOf(_back, to.Stream.Value, 0, _forks) >= 0)
        {
            throw new InvalidOperationException($"work goes to side stream {side} already: return from it first");
        }

        Context.Driver.RecordEvent(to.Fork.Value, Stream);
        Context.Driver.WaitEvent(to.Stream.Value, to.Fork.Value);
        (_back[_forks], _backQueue[_forks]) = (Stream, Current);
        _forks++;
        (Stream, Current) = (to.Stream.Value, side + 1);
    }

    /// <summary>Sends work to the stream of before the last <see cref="Fork"/> again.</summary>
    public void Return()
    {
        if (_forks == 0) { throw new InvalidOperationException("work goes to no side stream"); }
        _forks--;
        (Stream, Current) = (_back[_forks], _backQueue[_forks]);
    }

    /// <summary><see cref="Fork"/> for the length of a scope.</summary>
    public SideScope OnSide(int side)
    {
        Fork(side);
        return new SideScope(this);
    }

    /// <summary>Waits for every side stream; for the end, when a failure may have left work that nothing joined. Notes failures.</summary>
    public void DrainSides()
    {
        foreach (Side? side in _sides)
        {
            if (side is not null) { Context.Handle.Note(Context.Driver.TrySynchronizeStream(side.Stream.Value), DriverEntry.cuStreamSynchronize); }
        }
    }

    /// <summary>What is queued from now on runs after everything sent to a side stream.</summary>
    public void Join(int side)
    {
        using CudaContext.Scope scope = Context.Enter();
        Side from = _sides[side] ?? throw new InvalidOperationException($"side stream {side} has no work to wait for");
        Context.Driver.RecordEvent(from.Joined.Value, from.Stream.Value);
        Context.Driver.WaitEvent(Stream, from.Joined.Value);
    }

    /// <summary>Starts capturing: work goes to a stream of its own, which records instead of running.</summary>
    public void BeginCapture()
    {
        using CudaContext.Scope scope = Context.Enter();
        _capture ??= new StreamHandle(Context.Handle);
        Context.Driver.BeginCapture(_capture.Value);
        _behindCapture = Stream;
        Stream = _capture.Value;
        IsCapturing = true;
    }

    /// <summary>Ends capturing.</summary>
    /// <returns>What was captured, ready to be launched.</returns>
    /// <exception cref="CudaException">The driver can't capture it; nothing of it is left.</exception>
    public GraphExecHandle EndCapture()
    {
        CudaDriver driver = Context.Driver;
        using CaptureEnd end = new(this);
        if (end.Status != CudaResult.Success) { driver.Fail(end.Status, DriverEntry.cuStreamEndCapture); }
        CudaResult status = driver.TryInstantiate(end.Graph, out nint executable);
        if (status != CudaResult.Success) { driver.Fail(status, DriverEntry.cuGraphInstantiateWithFlags); }
        return new GraphExecHandle(Context.Handle, executable);
    }

    /// <summary>Ends capturing and drops what was captured.</summary>
    public void AbandonCapture() => new CaptureEnd(this).Dispose();

    /// <summary>To be disposed with the queue, before its streams.</summary>
    public void Own(IDisposable item) => _owned.Add(item);

    public void Dispose()
    {
        foreach (IDisposable item in _owned) { item.Dispose(); }
        foreach (Side? side in _sides) { side?.Dispose(); }
        _capture?.Dispose();
        _own?.Dispose();
    }

    internal readonly ref struct SideScope(CudaQueue queue)
    {
        public void Dispose() => queue.Return();
    }

    /// <summary>
    /// The end of a capture, which comes about even where the driver is in trouble: a stream left capturing could not be released. Failures
    /// beside that of the end itself are noted, to be reported when the context goes.
    /// </summary>
    private readonly ref struct CaptureEnd
    {
        private readonly ContextHandle _context;
        private readonly bool _pushed;

        public CaptureEnd(CudaQueue queue)
        {
            queue.Stream = queue._behindCapture;
            queue.IsCapturing = false;
            _context = queue.Context.Handle;
            nint captured = queue._capture!.Value;
            CudaResult pushed = _context.Driver.TryPushContext(_context.DangerousGetHandle());
            _context.Note(pushed, DriverEntry.cuCtxPushCurrent_v2);
            _pushed = pushed == CudaResult.Success;
            Status = _context.Driver.TryEndCapture(captured, out nint graph);
            if (Status != CudaResult.Success) { _ = _context.Driver.TryEndCapture(captured, out graph); }
            Graph = graph;
        }

        public CudaResult Status { get; }

        public nint Graph { get; }

        public void Dispose()
        {
            if (Graph != 0) { _context.Note(_context.Driver.DestroyGraph(Graph), DriverEntry.cuGraphDestroy); }
            if (_pushed) { _context.Note(_context.Driver.TryPopContext(), DriverEntry.cuCtxPopCurrent_v2); }
        }
    }

    private sealed class Side : IDisposable
    {
        public Side(ContextHandle context)
        {
            Stream = new StreamHandle(context);
            try
            {
                Fork = new EventHandle(context);
                Joined = new EventHandle(context);
            }
            catch (CudaException)
            {
                Fork?.Dispose();
                Stream.Dispose();
                throw;
            }
        }

        public StreamHandle Stream { get; }

        public EventHandle Fork { get; }

        public EventHandle Joined { get; }

        public void Dispose()
        {
            Stream.Dispose();
            Fork.Dispose();
            Joined.Dispose();
        }
    }
}
