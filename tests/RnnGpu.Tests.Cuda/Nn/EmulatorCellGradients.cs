using RnnGpu.Core;
using RnnGpu.Cuda;
using RnnGpu.Tests.Nn;

namespace RnnGpu.Tests.Cuda;

/// <summary>Cells written over tensor operations, on the emulator.</summary>
public sealed class EmulatorCellGradients : CellGradients
{
    protected override bool Small => true;

    protected override IBackend CreateBackend() => CudaBackend.Create(EmulatorBuild.Driver, 0);
}

/// <summary>The same on a GPU.</summary>
[RequiresCuda]
public sealed class GpuCellGradients : CellGradients
{
    protected override IBackend CreateBackend() => CudaBackend.Create("cuda");
}
