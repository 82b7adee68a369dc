using RnnGpu.Cuda.Driver;

namespace RnnGpu.Cuda.Blas;

/// <summary>A call of cuBLASLt failed. The message names the call, the status and what to do.</summary>
public sealed class CublasLtException : CudaException
{
    /// <summary>A failed call.</summary>
    /// <param name="entry">Entry point.</param>
    /// <param name="status">What it returned.</param>
    /// <param name="detail">What was to be computed; may be empty.</param>
    public CublasLtException(CublasLtEntry entry, CublasLtStatus status, string detail = "")
        : base($"{entry} failed with {status} ({(int)status}){(detail.Length > 0 ? $": {detail}" : "")}; {Advice(status)}")
    {
        Entry = entry;
        BlasStatus = status;
    }

    /// <summary>The entry point.</summary>
    public CublasLtEntry Entry { get; }

    /// <summary>What the call returned.</summary>
    public CublasLtStatus BlasStatus { get; }

    private static string Advice(CublasLtStatus status)
    {
        string without = $"set {CudaOptions.CublasLtVariable}=off to compute without the library";
        return status switch
        {
            CublasLtStatus.AllocFailed => $"the library has no memory: use a smaller batch, or {without}",
            CublasLtStatus.ArchMismatch => $"the library is older than the GPU: update it, or {without}",
            CublasLtStatus.ExecutionFailed => $"an earlier kernel may have failed: run again with {CudaOptions.CublasLtVariable}=off, and report this with `rnngpu doctor`",
            _ => $"{without}, and report this with `rnngpu doctor`",
        };
    }
}
