using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<BinaryParams> _binary = new("elementwise", "binary_f32");
    private readonly Kernel<BinaryBroadcastParams> _binaryBroadcast = new("elementwise", "binary_broadcast_f32");

    /// <inheritdoc/>
    public void Binary(BinaryOp op, in TensorView a, in TensorView b, in TensorView y)
    {
        Check.Binary(op, a, b, y, out Walk walk);
        if (y.Length == 0) { return; }
        ulong fromA = Pointer(a), fromB = Pointer(b), to = Pointer(y);
        if (walk.Rank <= 1)
        {
            LaunchLinear(_binary, y.Length, new BinaryParams
            {
                A = fromA,
                B = fromB,
                Y = to,
                Count = y.Length,
                Op = op,
                StepA = (int)walk.InnerA,
                StepB = (int)walk.InnerB,
            });
            return;
        }

        var pieces = new WalkPieces(walk);
        while (pieces.Next())
        {
            var parameters = new BinaryBroadcastParams
            {
                A = fromA + ((ulong)pieces.A * sizeof(float)),
                B = fromB + ((ulong)pieces.B * sizeof(float)),
                Y = to + ((ulong)pieces.Y * sizeof(float)),
                Count = (uint)pieces.Piece.Length,
                Op = op,
            };
            parameters.Rank = WalkPieces.Describe(pieces.Piece, out parameters.Axes);
            _queue.Launch(_binaryBroadcast, GridOf(Blocks(parameters.Count, LinearElements)), new Dim3(DefaultThreads), 0, parameters);
        }
    }
}
