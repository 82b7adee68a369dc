using RnnGpu.Core;
using RnnGpu.Cpu;
using Xunit;

namespace RnnGpu.Tests.Cpu.Queues;

/// <summary>Loops side by side allocate nothing once they ran: neither the queues nor the parts of the team.</summary>
public sealed class SideBySideAllocationTests
{
    [Theory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(5, false)]
    public void A_pass_allocates_nothing_on_the_managed_heap(int threads, bool bidirectional)
    {
        const int Steps = 12, Batch = 2;
        using IBackend backend = CpuBackend.Create(threads);
        var buffers = new List<IDeviceBuffer>();
        var spec = new RnnSpec { Cell = CellKind.Lstm, InputSize = 20, HiddenSize = 70, Layers = 2, Bidirectional = bidirectional, Dropout = 0.1f };
        var plan = RnnPlan.Create(backend, spec, new RnnPlanOptions { Batch = Batch, Steps = Steps, Training = true, InputGradient = true, SideBySide = true });
        int count = spec.Layers * spec.Directions;
        RnnLayerTensors[] weights = [.. Enumerable.Range(0, count).Select(Layer)], gradients = [.. Enumerable.Range(0, count).Select(Layer)];
        var call = new RnnBackwardCall
        {
            Forward = new RnnForwardCall { X = New(Steps, Batch, 20), Y = New(Steps, Batch, spec.OutputSize), Reserve = Region(plan.ReserveBytes), Workspace = Region(plan.WorkspaceBytes) },
            DY = New(Steps, Batch, spec.OutputSize),
            DX = New(Steps, Batch, 20),
        };
        plan.Pack(weights, Region(plan.PackedBytes));
        long here = 0, least = long.MaxValue;
        for (int pass = 0; pass < 100 && least > 0; pass++)
        {
            // The total counts the test runner's threads too, which allocate now and then: what the workers allocate would be in every pass.
            long before = GC.GetTotalAllocatedBytes(precise: true), beforeHere = GC.GetAllocatedBytesForCurrentThread();
            plan.Forward(call.Forward);
            plan.Backward(call, gradients);
            if (pass < 2) { continue; }
            here += GC.GetAllocatedBytesForCurrentThread() - beforeHere;
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        foreach (IDeviceBuffer buffer in buffers) { buffer.Dispose(); }
        Assert.Equal(0, here);
        Assert.Equal(0, least);

        RnnLayerTensors Layer(int index) => new(
            New(spec.GateSize, spec.LayerInputSize(index / spec.Directions)), New(spec.GateSize, spec.HiddenSize), New(spec.GateSize), New(spec.GateSize));

        TensorView New(params ReadOnlySpan<int> sizes)
        {
            var shape = new Shape(sizes);
            var view = new TensorView(Allocate(shape.Length * sizeof(float)), 0, shape);
            backend.Fill(0.01f, view);
            return view;
        }

        MemoryRegion Region(long bytes) => new(Allocate(bytes));

        IDeviceBuffer Allocate(long bytes)
        {
            buffers.Add(backend.Allocate(bytes));
            return buffers[^1];
        }
    }
}
