namespace RnnGpu.Cuda.Driver;

/// <summary>A driver call failed, or the backend refused one beforehand. The message names the call, the status and what to do.</summary>
public class CudaException : Exception
{
    /// <summary>A failed call.</summary>
    /// <param name="call">Entry point, or what was refused.</param>
    /// <param name="status">What it returned.</param>
    /// <param name="statusName">The driver's name of the status.</param>
    /// <param name="detail">What is known beyond the status; may be empty.</param>
    /// <param name="advice">What to do.</param>
    public CudaException(string call, CudaResult status, string statusName, string detail, string advice)
        : base($"{call} failed with {statusName} ({(int)status}){(detail.Length > 0 ? $": {detail}" : "")}; {advice}")
    {
        Call = call;
        Status = status;
    }

    /// <summary>A refusal or a failure without a status.</summary>
    public CudaException(string message, Exception? inner = null)
        : base(message, inner)
    {
        Call = "";
    }

    /// <summary>The entry point; empty for a refusal.</summary>
    public string Call { get; }

    /// <summary>What the call returned; <see cref="CudaResult.Success"/> for a refusal.</summary>
    public CudaResult Status { get; }
}

/// <summary>There is no usable driver. The message says which libraries were tried and why each was not taken.</summary>
public sealed class CudaDriverException(string message, Exception? inner = null) : CudaException(message, inner);

/// <summary>A launch that can't run on this device: too much shared memory, blocks that would not be resident together.</summary>
public sealed class CudaLaunchRefusedException(string message) : CudaException(message);
