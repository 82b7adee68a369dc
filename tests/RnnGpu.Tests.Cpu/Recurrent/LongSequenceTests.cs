using System.Runtime.InteropServices;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Cpu.Recurrent;

/// <summary>Sequences too long to store: trained in bounded memory, to the same bits.</summary>
public sealed class LongSequenceTests : IDisposable
{
    private const int Input = 16;
    private const int Hidden = 128;
    private const long Budget = 512L << 20;
    private static readonly RnnSpec Spec = new() { Cell = CellKind.Lstm, InputSize = Input, HiddenSize = Hidden };
    private readonly IBackend _backend = RnnGpu.Cpu.CpuBackend.Create(threads: 1);

    /// <inheritdoc/>
    public void Dispose() => _backend.Dispose();

    /// <summary>A million steps, loss on the last state: the plan keeps within 512 MiB, and a step down the gradient lowers the loss.</summary>
    [Fact]
    public void AMillionStepsTrainUnderABudgetOf512MiB()
    {
        const int steps = 1_000_000;
        var options = new RnnPlanOptions { Batch = 1, Steps = steps, Training = true, MemoryBudget = Budget };
        RnnPlan plan = RnnPlan.Create(_backend, Spec, options);
        Assert.True(plan.Recomputes);
        Assert.InRange(plan.PlannedBytes, 1, Budget);

        using var run = new Run(_backend, plan, steps);
        float before = run.Loss();
        run.Backward();
        float[] gradient = run.Gradient(run.Gradients[0].WeightHh);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
        Assert.Contains(gradient, g => MathF.Abs(g) > 1e-6f);

        run.StepDown(0.05f);
        Assert.True(run.Loss() < before, "one gradient step must lower the loss of the last state");
    }

    /// <summary>Stored and recomputed in spans of several lengths: every gradient has the same bits.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(77)]
    [InlineData(1000)]
    [InlineData(2999)]
    public void RecomputedGradientsEqualStoredOnesBitForBit(int span)
    {
        const int steps = 3000;
        var options = new RnnPlanOptions { Batch = 1, Steps = steps, Training = true };
        using var stored = new Run(_backend, RnnPlan.Create(_backend, Spec, options), steps);
        using var recomputed = new Run(_backend, RnnPlan.Create(_backend, Spec, options with { SpanSteps = span }), steps);
        Assert.Equal(stored.Loss(), recomputed.Loss());
        stored.Backward();
        recomputed.Backward();
        AssertSameBits(stored.Gradients[0].WeightIh, recomputed.Gradients[0].WeightIh, stored);
        AssertSameBits(stored.Gradients[0].WeightHh, recomputed.Gradients[0].WeightHh, stored);
        AssertSameBits(stored.Gradients[0].BiasIh, recomputed.Gradients[0].BiasIh, stored);
        AssertSameBits(stored.Gradients[0].BiasHh, recomputed.Gradients[0].BiasHh, stored);
    }

    private static void AssertSameBits(TensorView expected, TensorView actual, Run run)
    {
        ReadOnlySpan<int> a = MemoryMarshal.Cast<float, int>(run.Gradient(expected)), b = MemoryMarshal.Cast<float, int>(run.Gradient(actual));
        Assert.True(a.SequenceEqual(b), "bits differ");
    }

    /// <summary>One plan with its tensors; loss = sum of squares of the last state.</summary>
    private sealed class Run : IDisposable
    {
        private readonly IBackend _backend;
        private readonly RnnPlan _plan;
        private readonly List<IDeviceBuffer> _buffers = [];
        private readonly RnnLayerTensors[] _weights;
        private readonly RnnForwardCall _call;
        private readonly MemoryRegion _packed;
        private readonly TensorView _dhT;
        private uint _site;

        public Run(IBackend backend, RnnPlan plan, int steps)
        {
            _backend = backend;
            _plan = plan;
            float scale = 1f / MathF.Sqrt(Hidden);
            _weights = [Layer(scale)];
            Gradients = [Layer(0f)];
            TensorView hT = New(new Shape(1, 1, Hidden), 0f);
            _dhT = New(new Shape(1, 1, Hidden), 0f);
            _call = new RnnForwardCall
            {
                X = New(new Shape(steps, 1, Input), 1f),
                HT = hT,
                Reserve = Region(plan.ReserveBytes),
                Workspace = Region(plan.WorkspaceBytes),
            };
            _packed = Region(plan.PackedBytes);
        }

        public RnnLayerTensors[] Gradients { get; }

        public float Loss()
        {
            _plan.Pack(_weights, _packed);
            _plan.Forward(_call);
            return Gradient(_call.HT).Sum(h => h * h);
        }

        public void Backward()
        {
            _backend.AddScaled(2f, _call.HT, 0f, _dhT);
            _plan.Backward(new RnnBackwardCall { Forward = _call, DHT = _dhT }, Gradients);
        }

        public void StepDown(float rate)
        {
            _backend.AddScaled(-rate, Gradients[0].WeightIh, 1f, _weights[0].WeightIh);
            _backend.AddScaled(-rate, Gradients[0].WeightHh, 1f, _weights[0].WeightHh);
        }

        public float[] Gradient(TensorView view)
        {
            var values = new float[view.Length];
            _backend.Download<float>(view, values);
            return values;
        }

        public void Dispose()
        {
            foreach (IDeviceBuffer buffer in _buffers) { buffer.Dispose(); }
        }

        private RnnLayerTensors Layer(float scale) => new(
            New(new Shape(Spec.GateSize, Input), scale), New(new Shape(Spec.GateSize, Hidden), scale),
            New(new Shape(Spec.GateSize), scale), New(new Shape(Spec.GateSize), scale));

        private TensorView New(Shape shape, float scale)
        {
            var stream = new PhiloxStream(new RandomKey(7, 0, _site++));
            var values = new float[shape.Length];
            for (int i = 0; i < values.Length && scale > 0; i++) { values[i] = ((stream.NextFloat() * 2) - 1) * scale; }
            var view = new TensorView(Allocate(shape.Length * sizeof(float)), 0, shape);
            _backend.Upload<float>(values, view);
            return view;
        }

        private MemoryRegion Region(long bytes) => new(Allocate(Math.Max(bytes, 4)));

        private IDeviceBuffer Allocate(long bytes)
        {
            _buffers.Add(_backend.Allocate(bytes));
            return _buffers[^1];
        }
    }
}
