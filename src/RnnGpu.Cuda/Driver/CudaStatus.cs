namespace RnnGpu.Cuda.Driver;

/// <summary>What a status means for the user.</summary>
public static class CudaStatus
{
    /// <summary>What to do about it.</summary>
    public static string Advice(CudaResult status) => status switch
    {
        CudaResult.OutOfMemory => "use a smaller batch, shorter sequences or a memory budget, or end other programs on the GPU",
        CudaResult.NoDevice => "no GPU is visible: see nvidia-smi and CUDA_VISIBLE_DEVICES; a container needs --gpus all",
        CudaResult.InvalidDevice => "there is no GPU of that number; `rnngpu doctor` lists them",
        CudaResult.DeviceUnavailable => "another process holds the GPU exclusively; end it or change the compute mode",
        CudaResult.StubLibrary => "this library is the toolkit's stub; take its folder off the library path so that the driver's own is found",
        CudaResult.NotInitialized or CudaResult.Deinitialized => "the driver is shutting down; nothing can be computed any more",
        CudaResult.SystemDriverMismatch => "driver library and kernel module differ: restart the machine after a driver update",
        CudaResult.SystemNotReady => "the GPU fabric is not ready: see whether the fabric manager service runs",
        CudaResult.CompatibilityNotSupportedOnDevice => "a CUDA forward-compatibility library is loaded that this GPU does not support; take it off the library path",
        CudaResult.UnsupportedPtxVersion => "the driver is older than the kernels: update it",
        CudaResult.InvalidPtx or CudaResult.InvalidImage or CudaResult.NoBinaryForGpu =>
            "the kernels do not fit this GPU or driver: update the driver; if it is current, report this with `rnngpu doctor`",
        CudaResult.JitCompilerNotFound => "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing: install the whole driver, in a container with the capability 'compute,utility'",
        CudaResult.JitCompilationDisabled => "compilation of PTX is disabled: unset CUDA_DISABLE_PTX_JIT",
        CudaResult.InvalidContext or CudaResult.ContextIsDestroyed => "the context is gone: keep a borrowed context alive while the backend is in use",
        CudaResult.LaunchOutOfResources or CudaResult.CooperativeLaunchTooLarge => "the launch wants more than this GPU has; report this with `rnngpu doctor`",
        CudaResult.LaunchTimeout => "the kernel ran longer than the display's watchdog allows: use a GPU without a display or shorter sequences",
        CudaResult.EccUncorrectable => "the GPU's memory has an uncorrectable error: restart the machine, then see nvidia-smi -q",
        CudaResult.NotPermitted => "the system's administrator does not allow this operation",
        _ when IsSticky(status) =>
            "a kernel launched earlier failed and this process can no longer use the GPU: restart it; compute-sanitizer or --device emulator finds the place",
        _ => "run `rnngpu doctor`, and report this with what it prints",
    };

    /// <summary>Whether every later call on the context fails too.</summary>
    public static bool IsSticky(CudaResult status) =>
        status is CudaResult.IllegalAddress or CudaResult.LaunchTimeout or (>= CudaResult.Assert and <= CudaResult.LaunchFailed)
            or CudaResult.ContextIsDestroyed or CudaResult.EccUncorrectable;
}
