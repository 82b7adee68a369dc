namespace RnnGpu.Cuda.Driver;

/// <summary>A GPU, or the emulator's make-believe one.</summary>
public sealed record DeviceInfo
{
    /// <summary>Oldest compute capability that the kernels are built for.</summary>
    public const int OldestCapability = 80;

    /// <summary>Number, as in <c>cuda:0</c>.</summary>
    public required int Ordinal { get; init; }

    /// <summary>The driver's handle.</summary>
    internal int Handle { get; init; }

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Compute capability as major * 10 + minor.</summary>
    public required int Capability { get; init; }

    /// <summary>Streaming multiprocessors.</summary>
    public required int Multiprocessors { get; init; }

    /// <summary>All memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Most shared memory of a block that asks for it.</summary>
    public required int MaxSharedBytesPerBlock { get; init; }

    /// <summary>Shared memory of a multiprocessor.</summary>
    public required int SharedBytesPerMultiprocessor { get; init; }

    /// <summary>Second-level cache.</summary>
    public required int L2Bytes { get; init; }

    /// <summary>Whether all blocks of a launch can be made resident together.</summary>
    public required bool CooperativeLaunch { get; init; }

    /// <summary>Why the backend can't run on it; null if it can.</summary>
    public string? Refusal => Capability >= OldestCapability
        ? null
        : $"{Name} has compute capability {Capability / 10}.{Capability % 10}; the kernels need {OldestCapability / 10}.{OldestCapability % 10} (Ampere) or newer";

    /// <summary>Asks an initialised driver.</summary>
    /// <exception cref="CudaException">There is no such device.</exception>
    public static DeviceInfo Query(CudaDriver driver, int ordinal)
    {
        int device = driver.Device(ordinal);
        return new DeviceInfo
        {
            Ordinal = ordinal,
            Handle = device,
            Name = driver.DeviceName(device),
            Capability = (driver.Attribute(DeviceAttribute.ComputeCapabilityMajor, device) * 10) + driver.Attribute(DeviceAttribute.ComputeCapabilityMinor, device),
            Multiprocessors = driver.Attribute(DeviceAttribute.Multiprocessors, device),
            MemoryBytes = driver.DeviceTotalMemory(device),
            MaxSharedBytesPerBlock = driver.Attribute(DeviceAttribute.MaxSharedBytesPerBlockOptIn, device),
            SharedBytesPerMultiprocessor = driver.Attribute(DeviceAttribute.SharedBytesPerMultiprocessor, device),
            L2Bytes = driver.Attribute(DeviceAttribute.L2Bytes, device),
            CooperativeLaunch = driver.Attribute(DeviceAttribute.CooperativeLaunch, device) != 0,
        };
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}, compute capability {Capability / 10}.{Capability % 10}, {Multiprocessors} SMs, {MemoryBytes / (double)(1L << 30):0.0} GiB";
}
