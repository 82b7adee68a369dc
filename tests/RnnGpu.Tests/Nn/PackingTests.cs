using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Nn;

/// <summary>Weights are packed when they changed and only then, whichever way they change.</summary>
public sealed class PackingTests : NnTestBase
{
    public static TheoryData<string> Backends => BackendDevices.Names;

    /// <summary>Ways to change a parameter, by name.</summary>
    public static TheoryData<string> Changes => [.. Ways.Keys];

    private static readonly Dictionary<string, Action<Model>> Ways = new(StringComparer.Ordinal)
    {
        ["Load"] = static model => Each(model, static p => p.Load(Other(p))),
        ["Overwrite"] = static model => Each(model, static p => p.Device.Backend.Upload<float>(Other(p), p.Overwrite())),
        ["MarkChanged"] = static model => Each(model, static p =>
        {
            TensorView taken = p.Weight;
            p.Device.Backend.AddScaled(0.5f, taken, 0f, taken);
            p.MarkChanged();
        }),
        ["Device.Upload"] = static model => Each(model, static p => p.Device.Upload<float>(Other(p), p.Value)),
        ["Device.Upload to a detached view"] = static model => Each(model, static p => p.Device.Upload<float>(Other(p), p.Value.Detach())),
        ["Initializer"] = static model => Each(model, static p => new UniformInit(0.3f).Apply(p)),
        ["InitRecurrentWeights"] = static model => model.Lstm.InitRecurrentWeights(new OrthogonalInit()),
        ["InitInputWeights"] = static model => model.Lstm.InitInputWeights(new XavierInit()),
        ["InitBiases"] = static model => model.Lstm.InitBiases(new ConstantInit(0.25f)),
        ["SetForgetGateBias"] = static model => model.Lstm.SetForgetGateBias(1.5f),
        ["Sgd"] = static model => Update(model, new Sgd(model, 0.1f)),
        ["Adam"] = static model => Update(model, new Adam(model, 0.1f)),
        ["AdamW"] = static model => Update(model, new AdamW(model, 0.1f)),
        ["RmsProp"] = static model => Update(model, new RmsProp(model, 0.1f)),
        ["ModelFile"] = static model =>
        {
            using var folder = new TemporaryDirectory();
            string path = Path.Combine(folder.Path, "other.safetensors");
            using var other = new Model(model.Device);
            ModelFile.Save(path, other);
            ModelFile.Load(path, model);
        },
        ["WeightAveraging.Swap"] = static model =>
        {
            using var averaging = WeightAveraging.Stochastic(model, start: 0);
            averaging.AfterUpdate(1);
            Each(model, static p => p.Load(Other(p)));
            averaging.AfterUpdate(2);
            model.Run();
            averaging.Swap();
        },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void EveryChangeIsPackedOnceAndHolds(string way)
    {
        using var model = new Model(Device);
        for (int i = 0; i < 3; i++) { model.Run(); }
        float[] before = model.Run();
        long recurrent = model.Lstm.Packings, dense = model.Dense.Weight.Packings;
        Assert.Equal((1, 1), (recurrent, dense));
        Ways[way](model);
        recurrent = model.Lstm.Packings;
        float[] after = model.Run();
        Assert.NotEqual(before, after);
        Assert.Equal(1, model.Lstm.Packings - recurrent);
        Assert.Equal(Fresh(model), after);
        recurrent = model.Lstm.Packings;
        for (int i = 0; i < 3; i++) { Assert.Equal(after, model.Run()); }
        Assert.Equal(recurrent, model.Lstm.Packings);
    }

    [Fact]
    public void LengthsBatchesStepsAndSessionsShareOnePacking()
    {
        using var lstm = new Lstm(Device, 3, 5, layers: 2);
        lstm.Eval();
        using RecurrentState state = lstm.NewState(2);
        using var session = new StreamSession(lstm);
        var y = new float[5];
        using NoGradScope scope = Device.NoGrad();
        for (int t = 1; t < 80; t++) { lstm.Forward(Input(1, t, 1 + (t % 3), 3)); }
        lstm.Step(Input(1, 2, 3), state);
        session.Step([1f, 2f, 3f], y);
        Assert.Equal(1, lstm.Packings);
        lstm.Parameters()[0].MarkChanged();
        session.Step([1f, 2f, 3f], y);
        lstm.Forward(Input(1, 4, 2, 3));
        Assert.Equal(2, lstm.Packings);
    }

    [Fact]
    public void TrainingPacksOnceAStepAndEvaluationOnceMore()
    {
        using var model = new Model(Device);
        using var sgd = new Sgd(model, 0.1f);
        for (int step = 1; step <= 3; step++)
        {
            for (int part = 0; part < 2; part++) { model.Forward(Device.Tensor(Model.Ids, Model.IdShape)).Square().Mean().Backward(); }
            sgd.Step();
            model.ZeroGrad();
            for (int batch = 0; batch < 3; batch++) { model.Run(); }
            Assert.Equal(2 * step, model.Lstm.Packings);
        }

        // The dense weight's second use of a version packs it: the first one's in the accumulated step, the others' in the evaluation before it.
        Assert.Equal(4, model.Dense.Weight.Packings);
    }

    [Fact]
    public void StepsOfACellPackItsRecurrentWeightOnce()
    {
        using var stack = new CellStack(Device, static (home, size) => new GruVariantCell(home, size, 4), 3);
        stack.Forward(Input(1, 20, 2, 3)).Sum().Backward();
        Assert.Equal(1, stack.Parameters().Single(static p => p.Name == "weight_hh").Packings);
        Assert.Equal(0, stack.Parameters().Single(static p => p.Name == "weight_ih").Packings);
    }

    /// <summary>What lets plans share a packing: its layout depends on no batch and no number of steps.</summary>
    [Theory]
    [MemberData(nameof(Backends))]
    public void APackingServesPlansOfAnyBatchAndSteps(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            foreach (bool training in new[] { false, true })
            {
                var spec = new RnnSpec { Cell = cell, InputSize = 5, HiddenSize = 36, Layers = 2 };
                (int, int)[] sizes = [(1, 1), (3, 9), (20, 2)];
                RnnPlan[] plans = [.. sizes.Select(size => RnnPlan.Create(device.Backend, spec, new RnnPlanOptions { Steps = size.Item1, Batch = size.Item2, Training = training, InputGradient = training }))];
                RnnLayerTensors[] weights = [Weights(device, spec, 0), Weights(device, spec, 1)];
                MemoryRegion first = Region(device, plans[0].PackedBytes);
                plans[0].Pack(weights, first);
                foreach (RnnPlan plan in plans)
                {
                    Assert.Equal(plans[0].PackedBytes, plan.PackedBytes);
                    MemoryRegion own = Region(device, plan.PackedBytes);
                    plan.Pack(weights, own);
                    float[] expected = Forward(device, plan);
                    device.Backend.Fill(float.NaN, own.View(0, new Shape((int)own.Elements)));
                    plan.Use(weights, first);
                    Assert.Equal(expected, Forward(device, plan));
                }
            }
        }
    }

    private static RnnLayerTensors Weights(Device device, RnnSpec spec, int layer)
    {
        TensorView New(uint site, params ReadOnlySpan<int> sizes)
        {
            var shape = new Shape(sizes);
            return device.Tensor(GradientCheck.Values(shape, (uint)(layer * 4) + site, 0.2f), shape).Keep().View;
        }

        return new RnnLayerTensors(New(1, spec.GateSize, spec.LayerInputSize(layer)), New(2, spec.GateSize, spec.HiddenSize), New(3, spec.GateSize), New(4, spec.GateSize));
    }

    private static float[] Forward(Device device, RnnPlan plan)
    {
        (int t, int b) = (plan.Options.Steps, plan.Options.Batch);
        Shape input = new(t, b, plan.Spec.InputSize), output = new(t, b, plan.Spec.OutputSize);
        Tensor x = device.Tensor(GradientCheck.Values(input, 9), input), y = device.Zeros(output);
        plan.Forward(new RnnForwardCall { X = x.View, Y = y.View, Reserve = Region(device, plan.ReserveBytes), Workspace = Region(device, plan.WorkspaceBytes) });
        return y.ToArray();
    }

    private static MemoryRegion Region(Device device, long bytes) =>
        bytes == 0 ? default : new MemoryRegion(device.Zeros(new Shape(checked((int)((bytes + 3) / 4)))).Keep().View.Buffer!);

    private static void Each(Model model, Action<Parameter> change)
    {
        foreach (Parameter parameter in model.Parameters()) { change(parameter); }
    }

    private static float[] Other(Parameter parameter) => GradientCheck.Values(parameter.Shape, (uint)parameter.Index + 50, 0.3f);

    private static void Update(Model model, Optimizer optimizer)
    {
        using (optimizer)
        {
            model.Forward(model.Device.Tensor(Model.Ids, Model.IdShape)).Square().Mean().Backward();
            optimizer.Step();
            model.ZeroGrad();
        }
    }

    /// <summary>What a model that was never packed makes of the same weights.</summary>
    private static float[] Fresh(Model model)
    {
        using Device device = NewDevice();
        using var fresh = new Model(device);
        for (int i = 0; i < fresh.Parameters().Count; i++) { fresh.Parameters()[i].Load(model.Parameters()[i].ToArray()); }
        return fresh.Run();
    }

    private sealed class Model : Module
    {
        public static readonly int[] Ids = [1, 2, 3, 4, 5, 6];
        public static readonly Shape IdShape = new(3, 2);
        private readonly Embedding _embedding;

        public Model(Device device)
            : base(device)
        {
            _embedding = AddModule("embedding", new Embedding(device, 7, 3));
            Lstm = AddModule("lstm", new Lstm(device, 3, 5));
            Dense = AddModule("dense", new Dense(device, 5, 4, Activation.Tanh));
        }

        public Lstm Lstm { get; }

        public Dense Dense { get; }

        public override Tensor Forward(Tensor input) => Dense.Forward(Lstm.Forward(_embedding.Forward(input)));

        public float[] Run()
        {
            using NoGradScope scope = Device.NoGrad();
            return Forward(Device.Tensor(Ids, IdShape)).ToArray();
        }
    }
}
