using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    private readonly Kernel<CrfParams> _crfForward = new("crf_forward", "crf_forward_f32");
    private readonly Kernel<CrfParams> _crfBackward = new("crf_backward", "crf_backward_f32");
    private readonly Kernel<CrfParams> _crfEnds = new("crf_backward", "crf_ends_f32");
    private readonly Kernel<CrfParams> _crfDecode = new("crf_decode", "crf_decode_f32");

    /// <inheritdoc/>
    public void CrfForward(in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView loss)
    {
        (CrfSizes sizes, IndexLimit limit) = Check.CrfForward(scores, tags, alpha, shifts, loss);
        LaunchCrf(_crfForward, buffers: 2, ParamsOf(scores, sizes) with
        {
            Tags = Pointer(tags),
            Alpha = Pointer(alpha),
            Shifts = Pointer(shifts),
            Rows = Pointer(loss),
            Fault = _faults.Arm(limit),
        });
    }

    /// <inheritdoc/>
    public long CrfBackwardWorkspaceBytes(int steps, int batch, int tags) => ((long)steps + tags) * batch * tags * sizeof(float);

    /// <inheritdoc/>
    public void CrfBackward(
        in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView dLoss, in TensorView workspace,
        in TensorView dEmissions, in TensorView dTransitions, in TensorView dStart, in TensorView dEnd)
    {
        (CrfSizes sizes, IndexLimit limit) = Check.CrfBackward(scores, tags, alpha, shifts, dLoss, dEmissions, dTransitions, dStart, dEnd);
        (int steps, int batch, int k) = sizes;
        Check.CrfWorkspace(workspace, CrfBackwardWorkspaceBytes(steps, batch, k), nameof(CrfBackward));
        long q = (long)steps * batch * k;
        CrfParams parameters = ParamsOf(scores, sizes) with
        {
            Tags = Pointer(tags),
            Alpha = Pointer(alpha),
            Shifts = Pointer(shifts),
            Rows = Pointer(dLoss),
            Scratch = Pointer(workspace),
            Pairs = dTransitions.IsEmpty ? 0 : Pointer(workspace) + ((ulong)q * sizeof(float)),
            Dx = Pointer(dEmissions),
            DStart = Pointer(dStart),
            DEnd = Pointer(dEnd),
            Fault = _faults.Arm(limit),
        };
        LaunchCrf(_crfBackward, buffers: 3, parameters);
        if (batch == 0) { return; }
        if (steps > 0 && !(dStart.IsEmpty && dEnd.IsEmpty))
        {
            _queue.Launch(_crfEnds, GridOf(Blocks(k, DefaultThreads)), new Dim3(DefaultThreads), 0, parameters);
        }

        if (dTransitions.IsEmpty) { return; }
        int pairs = checked(k * k);
        AddColumnSums(new MatrixView(workspace.Buffer!, workspace.Offset + q, batch, pairs, pairs, transposed: false), dTransitions);
    }

    /// <inheritdoc/>
    public long CrfDecodeWorkspaceBytes(int steps, int batch, int tags) => (long)steps * batch * tags * sizeof(int);

    /// <inheritdoc/>
    public void CrfDecode(in CrfScores scores, in TensorView workspace, in TensorView tags, in TensorView best)
    {
        CrfSizes sizes = Check.CrfDecode(scores, tags, best);
        Check.CrfWorkspace(workspace, CrfDecodeWorkspaceBytes(sizes.Steps, sizes.Batch, sizes.Tags), nameof(CrfDecode));
        LaunchCrf(_crfDecode, buffers: 2, ParamsOf(scores, sizes) with
        {
            Tags = Pointer(tags),
            Rows = Pointer(best),
            Scratch = Pointer(workspace),
        });
    }

    private CrfParams ParamsOf(in CrfScores scores, CrfSizes sizes) => new()
    {
        X = Pointer(scores.Emissions),
        Transitions = Pointer(scores.Transitions),
        Start = Pointer(scores.Start),
        End = Pointer(scores.End),
        Lengths = Pointer(scores.Lengths),
        Steps = sizes.Steps,
        Batch = sizes.Batch,
        K = sizes.Tags,
    };

    /// <summary>A block a row: a thread a tag, up to 256. The transitions are kept in shared memory where they fit what needs no permission.</summary>
    private void LaunchCrf(Kernel<CrfParams> kernel, int buffers, in CrfParams parameters)
    {
        if (parameters.Batch == 0) { return; }
        long k = parameters.K, vectors = buffers * k * sizeof(float), table = k * (k | 1) * sizeof(float);
        bool kept = vectors + table <= KeptBytes;
        int threads = (int)Math.Min(DefaultThreads, Blocks(k, 32) * 32);
        _queue.Launch(
            kernel, new Dim3(parameters.Batch), new Dim3(threads), checked((int)(vectors + (kept ? table : 0))), parameters with { Kept = kept ? 1 : 0 });
    }
}
