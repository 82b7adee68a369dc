using E = RnnGpu.Cuda.Driver.DriverEntry;

namespace RnnGpu.Cuda.Driver;

public sealed unsafe partial class CudaDriver
{
    internal nint CreateStream()
    {
        // Not ordered with the legacy default stream: other CUDA code in the process would else serialise with ours.
        const uint NonBlocking = 1;
        nint stream = 0;
        Check(((delegate* unmanaged<nint*, uint, CudaResult>)Use(E.cuStreamCreate))(&stream, NonBlocking), E.cuStreamCreate);
        return stream;
    }

    internal CudaResult DestroyStream(nint stream) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuStreamDestroy_v2))(stream);

    internal void SynchronizeStream(nint stream) => Check(TrySynchronizeStream(stream), E.cuStreamSynchronize);

    internal CudaResult TrySynchronizeStream(nint stream) =>
        ((delegate* unmanaged<nint, CudaResult>)Use(E.cuStreamSynchronize))(stream);

    internal void WaitEvent(nint stream, nint recorded) =>
        Check(((delegate* unmanaged<nint, nint, uint, CudaResult>)Use(E.cuStreamWaitEvent))(stream, recorded, 0), E.cuStreamWaitEvent);

    internal nint CreateEvent(bool timing)
    {
        const uint DisableTiming = 2;
        nint created = 0;
        Check(((delegate* unmanaged<nint*, uint, CudaResult>)Use(E.cuEventCreate))(&created, timing ? 0 : DisableTiming), E.cuEventCreate);
        return created;
    }

    internal CudaResult DestroyEvent(nint recorded) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuEventDestroy_v2))(recorded);

    internal void RecordEvent(nint recorded, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, CudaResult>)Use(E.cuEventRecord))(recorded, stream), E.cuEventRecord);

    internal void SynchronizeEvent(nint recorded) =>
        Check(((delegate* unmanaged<nint, CudaResult>)Use(E.cuEventSynchronize))(recorded), E.cuEventSynchronize);

    /// <summary>Between two events with timing that have happened.</summary>
    internal double ElapsedSeconds(nint first, nint last)
    {
        float milliseconds = 0;
        Check(((delegate* unmanaged<float*, nint, nint, CudaResult>)Use(E.cuEventElapsedTime))(&milliseconds, first, last), E.cuEventElapsedTime);
        return milliseconds / 1e3;
    }

    internal void BeginCapture(nint stream)
    {
        // Relaxed: a kernel's first launch may load its module inside the captured loop.
        const int Relaxed = 2;
        Check(((delegate* unmanaged<nint, int, CudaResult>)Use(E.cuStreamBeginCapture_v2))(stream, Relaxed), E.cuStreamBeginCapture_v2);
    }

    internal CudaResult TryEndCapture(nint stream, out nint graph)
    {
        nint captured = 0;
        CudaResult status = ((delegate* unmanaged<nint, nint*, CudaResult>)Use(E.cuStreamEndCapture))(stream, &captured);
        graph = captured;
        return status;
    }

    internal CudaResult TryInstantiate(nint graph, out nint executable)
    {
        nint instantiated = 0;
        CudaResult status = ((delegate* unmanaged<nint*, nint, ulong, CudaResult>)Use(E.cuGraphInstantiateWithFlags))(&instantiated, graph, 0);
        executable = instantiated;
        return status;
    }

    internal CudaResult DestroyGraph(nint graph) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuGraphDestroy))(graph);

    internal CudaResult DestroyGraphExec(nint executable) => ((delegate* unmanaged<nint, CudaResult>)Use(E.cuGraphExecDestroy))(executable);

    internal void LaunchGraph(nint executable, nint stream) =>
        Check(((delegate* unmanaged<nint, nint, CudaResult>)Use(E.cuGraphLaunch))(executable, stream), E.cuGraphLaunch);
}
