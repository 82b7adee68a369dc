using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    /// <summary>Most threads of a scan's block: twin of the kernels' bound.</summary>
    private const int ScanThreads = 128;

    private readonly Kernel<ScanParams>[] _scanForward = ScanKernels("scan_forward", "fwd");
    private readonly Kernel<ScanParams>[] _scanBackward = ScanKernels("scan_backward", "bwd");

    /// <inheritdoc/>
    public void ScanForward(in ScanOperands scan, in TensorView states, in TensorView y, in TensorView last)
    {
        ScanSizes sizes = Check.ScanForward(scan, states, y, last);
        LaunchScan(_scanForward[(int)scan.Cell], ParamsOf(scan, sizes) with { States = Pointer(states), Y = Pointer(y), State = Pointer(last) });
    }

    /// <inheritdoc/>
    public void ScanBackward(
        in ScanOperands scan, in TensorView states, in TensorView dy, in TensorView dState, in TensorView dGates, in TensorView dHighway,
        in TensorView dPeepholes)
    {
        ScanSizes sizes = Check.ScanBackward(scan, states, dy, dState, dGates, dHighway, dPeepholes);
        LaunchScan(_scanBackward[(int)scan.Cell], ParamsOf(scan, sizes) with
        {
            States = Pointer(states),
            Y = Pointer(dy),
            State = Pointer(dState),
            DGates = Pointer(dGates),
            DHighway = dHighway.IsEmpty ? BehindGates(dGates, sizes) : Pointer(dHighway),
            DHighwayStride = dHighway.IsEmpty ? sizes.GateColumns : sizes.Hidden,
            DPeepholes = Pointer(dPeepholes),
        });
    }

    private static Kernel<ScanParams>[] ScanKernels(string module, string direction) =>
    [
        new(module, $"diagonal_{direction}_scan_f32"), new(module, $"min_gru_{direction}_scan_f32"), new(module, $"min_lstm_{direction}_scan_f32"),
        new(module, $"sru_{direction}_scan_f32"), new(module, $"qrnn_{direction}_scan_f32"),
    ];

    private static ScanParams ParamsOf(in ScanOperands scan, ScanSizes sizes) => new()
    {
        Gates = Pointer(scan.Gates),
        Highway = scan.Highway.IsEmpty ? BehindGates(scan.Gates, sizes) : Pointer(scan.Highway),
        Peepholes = Pointer(scan.Peepholes),
        Initial = Pointer(scan.Initial),
        Lengths = Pointer(scan.Lengths),
        Resets = Pointer(scan.Resets),
        GateStride = sizes.GateColumns,
        HighwayStride = scan.Highway.IsEmpty ? sizes.GateColumns : sizes.Hidden,
        Steps = sizes.Steps,
        Batch = sizes.Batch,
        Hidden = sizes.Hidden,
        Reverse = scan.Reverse ? 1 : 0,
    };

    /// <summary>SRU's fourth block.</summary>
    private static ulong BehindGates(in TensorView gates, ScanSizes sizes) => Pointer(gates) + (3UL * (ulong)sizes.Hidden * sizeof(float));

    /// <summary>A thread a lane; few lanes are spread over many blocks, so that every multiprocessor has some.</summary>
    private void LaunchScan(Kernel<ScanParams> kernel, in ScanParams parameters)
    {
        long lanes = (long)parameters.Batch * parameters.Hidden;
        if (lanes == 0) { return; }
        int threads = ScanThreads;
        while (threads > 32 && lanes < (long)threads * _context.Device.Multiprocessors) { threads /= 2; }
        _queue.Launch(kernel, GridOf(Blocks(lanes, threads)), new Dim3(threads), 0, parameters);
    }
}
