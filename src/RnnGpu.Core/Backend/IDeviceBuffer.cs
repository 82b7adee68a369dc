namespace RnnGpu.Core;

/// <summary>A block of a backend's memory. Its owner disposes it; views never do.</summary>
public interface IDeviceBuffer : IDisposable
{
    /// <summary>Size.</summary>
    long Bytes { get; }
}
