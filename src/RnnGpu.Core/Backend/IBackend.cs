namespace RnnGpu.Core;

/// <summary>
/// A device that computes: the set of operations that cells, layers and losses need, one file an operation in <c>Ops/</c>.
/// <list type="bullet">
/// <item>Arguments come as sources, sizes, destinations. A destination is assigned (=) unless its operation says "accumulates".</item>
/// <item>Operations are queued in order and may return before they ran; <see cref="Download{T}"/> and
/// <see cref="Synchronize"/> wait.</item>
/// <item>Operations allocate nothing: callers pass destinations and workspace.</item>
/// <item>Same inputs, same device: same bits, whatever the number of threads and however a caller cuts time or batch into
/// pieces. Sums over a product's inner axis run in index order from the destination's old value, one fused multiply-add a term.</item>
/// <item>A source may be the destination itself only where an operation says "in place".</item>
/// <item>Sizes and types are checked before anything is queued. Indices are data: one that is too large is an
/// <see cref="ArgumentException"/> (<see cref="IndexLimit"/>) of its operation or, on a device, of the next call that waits; what was computed
/// from it is then undefined, and nothing outside the destinations was touched.</item>
/// </list>
/// One queue: not to be called from two threads at once.
/// </summary>
public partial interface IBackend : IDisposable
{
    /// <summary>Name as on the command line: <c>cpu</c>, <c>cuda:0</c>.</summary>
    string Name { get; }

    /// <summary>What it runs on, for people: instruction set, threads, device name.</summary>
    string Description { get; }

    /// <summary>Whether an operation runs here for that problem. What is not supported says so before anything runs.</summary>
    bool Supports(RecurrentProblem problem);

    /// <summary>How this backend runs the time loop of such a problem, and why: a line for <see cref="RnnPlan.Explain"/>.</summary>
    string DescribeRecurrent(RecurrentProblem problem);

    /// <summary>About the bytes that <see cref="Allocate"/> can still give; <see cref="long.MaxValue"/> where nobody says.</summary>
    long AvailableBytes { get; }

    /// <summary>Fresh memory; contents undefined.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The device has no such block.</exception>
    IDeviceBuffer Allocate(long bytes);

    /// <summary>Copies from the host.</summary>
    /// <exception cref="ArgumentException">Lengths or element types differ.</exception>
    void Upload<T>(ReadOnlySpan<T> source, in TensorView destination)
        where T : unmanaged;

    /// <summary>Copies to the host; waits for everything queued.</summary>
    /// <exception cref="ArgumentException">Lengths or element types differ; or an operation before met an index beyond its limit.</exception>
    void Download<T>(in TensorView source, Span<T> destination)
        where T : unmanaged;

    /// <summary>Waits until everything queued has run.</summary>
    /// <exception cref="ArgumentException">An operation met an index beyond its limit.</exception>
    void Synchronize();
}

/// <summary>A device had no memory for a request. The message says how much was asked for and what to change.</summary>
public sealed class OutOfDeviceMemoryException : Exception
{
    /// <summary>For a request of <paramref name="bytes"/>.</summary>
    public OutOfDeviceMemoryException(string device, long bytes, Exception? inner = null)
        : base($"{device} has no {bytes:N0} bytes left; use a smaller batch, shorter sequences or a memory budget", inner)
    {
        RequestedBytes = bytes;
    }

    /// <summary>For a plan whose memory was to hold the request: says more of what to change.</summary>
    public OutOfDeviceMemoryException(string message, OutOfDeviceMemoryException cause)
        : base(message, cause)
    {
        RequestedBytes = cause.RequestedBytes;
    }

    /// <summary>Size of the request that failed.</summary>
    public long RequestedBytes { get; }
}
