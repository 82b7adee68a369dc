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
