using System.Text;
using E = RnnGpu.Cuda.Driver.DriverEntry;

namespace RnnGpu.Cuda.Driver;

/// <summary>Properties of a device that the backend asks for (<c>CUdevice_attribute</c>).</summary>
internal enum DeviceAttribute
{
    MaxThreadsPerBlock = 1,
    MaxRegistersPerBlock = 12,
    ClockKilohertz = 13,
    Multiprocessors = 16,
    L2Bytes = 38,
    MaxThreadsPerMultiprocessor = 39,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedBytesPerMultiprocessor = 81,
    CooperativeLaunch = 95,
    MaxSharedBytesPerBlockOptIn = 97,
}

public sealed unsafe partial class CudaDriver
{
    internal void Init() => Check(((delegate* unmanaged<uint, CudaResult>)Use(E.cuInit))(0), E.cuInit);

    internal int Version()
    {
        int version = 0;
        Check(((delegate* unmanaged<int*, CudaResult>)Use(E.cuDriverGetVersion))(&version), E.cuDriverGetVersion);
        return version;
    }

    internal int DeviceCount()
    {
        int count = 0;
        Check(((delegate* unmanaged<int*, CudaResult>)Use(E.cuDeviceGetCount))(&count), E.cuDeviceGetCount);
        return count;
    }

    internal int Device(int ordinal)
    {
        int device = 0;
        Check(((delegate* unmanaged<int*, int, CudaResult>)Use(E.cuDeviceGet))(&device, ordinal), E.cuDeviceGet);
        return device;
    }

    internal string DeviceName(int device)
    {
        const int Length = 256;
        byte* name = stackalloc byte[Length];
        new Span<byte>(name, Length).Clear();
        Check(((delegate* unmanaged<byte*, int, int, CudaResult>)Use(E.cuDeviceGetName))(name, Length, device), E.cuDeviceGetName);
        var text = new ReadOnlySpan<byte>(name, Length);
        return Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)]);
    }

    internal long DeviceTotalMemory(int device)
    {
        nuint bytes = 0;
        Check(((delegate* unmanaged<nuint*, int, CudaResult>)Use(E.cuDeviceTotalMem_v2))(&bytes, device), E.cuDeviceTotalMem_v2);
        return (long)bytes;
    }

    internal int Attribute(DeviceAttribute attribute, int device)
    {
        int value = 0;
        Check(
            ((delegate* unmanaged<int*, DeviceAttribute, int, CudaResult>)Use(E.cuDeviceGetAttribute))(&value, attribute, device),
            E.cuDeviceGetAttribute);
        return value;
    }

    internal nint RetainPrimaryContext(int device)
    {
        nint context = 0;
        Check(((delegate* unmanaged<nint*, int, CudaResult>)Use(E.cuDevicePrimaryCtxRetain))(&context, device), E.cuDevicePrimaryCtxRetain);
        return context;
    }

    internal CudaResult ReleasePrimaryContext(int device) =>
        ((delegate* unmanaged<int, CudaResult>)Use(E.cuDevicePrimaryCtxRelease_v2))(device);

    internal nint CurrentContext()
    {
        Check(TryCurrentContext(out nint context), E.cuCtxGetCurrent);
        return context;
    }

    internal CudaResult TryCurrentContext(out nint context)
    {
        nint current = 0;
        CudaResult status = ((delegate* unmanaged<nint*, CudaResult>)Use(E.cuCtxGetCurrent))(&current);
        context = current;
        return status;
    }

    internal void SetCurrentContext(nint context) => Check(TrySetCurrentContext(context), E.cuCtxSetCurrent);

    internal CudaResult TrySetCurrentContext(nint context) =>
        ((delegate* unmanaged<nint, CudaResult>)Use(E.cuCtxSetCurrent))(context);

    internal void PushContext(nint context) => Check(TryPushContext(context), E.cuCtxPushCurrent_v2);

    internal CudaResult TryPushContext(nint context) =>
        ((delegate* unmanaged<nint, CudaResult>)Use(E.cuCtxPushCurrent_v2))(context);

    internal void PopContext() => Check(TryPopContext(), E.cuCtxPopCurrent_v2);

    internal CudaResult TryPopContext()
    {
        nint context = 0;
        return ((delegate* unmanaged<nint*, CudaResult>)Use(E.cuCtxPopCurrent_v2))(&context);
    }

    /// <summary>Device of the current context.</summary>
    internal int CurrentDevice()
    {
        int device = 0;
        Check(((delegate* unmanaged<int*, CudaResult>)Use(E.cuCtxGetDevice))(&device), E.cuCtxGetDevice);
        return device;
    }
}
