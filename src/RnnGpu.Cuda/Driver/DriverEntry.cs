namespace RnnGpu.Cuda.Driver;

/// <summary>Entry points of the driver API that the backend calls, by their exported names.</summary>
public enum DriverEntry
{
    // process and devices
    cuInit,
    cuDriverGetVersion,
    cuGetErrorName,
    cuDeviceGetCount,
    cuDeviceGet,
    cuDeviceGetName,
    cuDeviceTotalMem_v2,
    cuDeviceGetAttribute,

    // contexts
    cuDevicePrimaryCtxRetain,
    cuDevicePrimaryCtxRelease_v2,
    cuCtxGetCurrent,
    cuCtxSetCurrent,
    cuCtxPushCurrent_v2,
    cuCtxPopCurrent_v2,
    cuCtxGetDevice,

    // modules and functions
    cuModuleLoadDataEx,
    cuModuleUnload,
    cuModuleGetFunction,
    cuFuncGetAttribute,
    cuFuncSetAttribute,
    cuOccupancyMaxActiveBlocksPerMultiprocessor,
    cuLaunchKernel,
    cuLaunchCooperativeKernel,

    // memory
    cuMemGetInfo_v2,
    cuMemAlloc_v2,
    cuMemFree_v2,
    cuMemAllocHost_v2,
    cuMemFreeHost,
    cuMemcpyHtoDAsync_v2,
    cuMemcpyDtoHAsync_v2,
    cuMemcpyDtoDAsync_v2,
    cuMemsetD32Async,

    // streams and events
    cuStreamCreate,
    cuStreamDestroy_v2,
    cuStreamSynchronize,
    cuStreamWaitEvent,
    cuEventCreate,
    cuEventDestroy_v2,
    cuEventRecord,
    cuEventSynchronize,
    cuEventElapsedTime,

    // graphs
    cuStreamBeginCapture_v2,
    cuStreamEndCapture,
    cuGraphInstantiateWithFlags,
    cuGraphDestroy,
    cuGraphExecDestroy,
    cuGraphLaunch,
}
