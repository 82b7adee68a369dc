using RnnGpu.Core;

namespace RnnGpu.Cpu;

/// <summary>The operations of a recurrent pass: what can wait on a queue. Others run what is queued first, then themselves.</summary>
internal enum QueuedCallKind : byte
{
    Fill,
    Copy,
    AddScaled,
    AddColumnSums,
    Dropout,
    Gemm,
    GemmPacked,
    RecurrentForward,
    RecurrentBackward,
}

/// <summary>An operation with its arguments, as they were called. Views, not addresses: they keep their buffers alive until it ran.</summary>
internal struct QueuedCall
{
    public QueuedCallKind Kind;
    public GemmActivation Activation;
    public bool Accumulate;
    public float Alpha, Beta;
    public long Inner, Columns;
    public RandomKey Key;
    public TensorView U, V, W, X;
    public MatrixView A, B, C;
    public RecurrentChunk Chunk;

    /// <summary>Calls the operation on a backend.</summary>
    public readonly void Run(IBackend backend)
    {
        switch (Kind)
        {
            case QueuedCallKind.Fill:
                backend.Fill(Alpha, V);
                break;
            case QueuedCallKind.Copy:
                backend.Copy(U, V);
                break;
            case QueuedCallKind.AddScaled:
                backend.AddScaled(Alpha, U, Beta, V);
                break;
            case QueuedCallKind.AddColumnSums:
                backend.AddColumnSums(A, V);
                break;
            case QueuedCallKind.Dropout:
                backend.Dropout(U, Alpha, Key, Inner, V);
                break;
            case QueuedCallKind.Gemm:
                backend.Gemm(A, B, U, Activation, Accumulate, C);
                break;
            case QueuedCallKind.GemmPacked:
                backend.GemmPacked(A, V, Inner, Columns, U, Activation, Accumulate, C);
                break;
            case QueuedCallKind.RecurrentForward:
                backend.RecurrentForward(Chunk, U, V, W, C);
                break;
            default:
                backend.RecurrentBackward(Chunk, U, A, W, V, X);
                break;
        }
    }
}

/// <summary>Calls in order. Grows to the longest it had to hold, then allocates nothing.</summary>
internal sealed class CallList
{
    private QueuedCall[] _calls = [];

    public int Count { get; private set; }

    /// <summary>A place for one more.</summary>
    public ref QueuedCall Next()
    {
        if (Count == _calls.Length) { Array.Resize(ref _calls, Math.Max(16, 2 * Count)); }
        return ref _calls[Count++];
    }

    /// <summary>Runs all in order.</summary>
    public void Run(IBackend backend)
    {
        for (int i = 0; i < Count; i++) { _calls[i].Run(backend); }
    }

    /// <summary>Forgets all, and the buffers they held on to.</summary>
    public void Clear()
    {
        Array.Clear(_calls, 0, Count);
        Count = 0;
    }
}
