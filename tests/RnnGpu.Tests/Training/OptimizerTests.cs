using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Nn;
using Xunit;

namespace RnnGpu.Tests.Training;

public sealed class OptimizerTests : NnTestBase
{
    // Six updates, each of some ten float operations on numbers below 2: errors of a few 2^-24 each.
    private const double Tolerance = 3e-6;

    private readonly Pair _model;

    public OptimizerTests() => _model = new Pair(Device);

    private ParameterGroup[] Groups => [.. _model.NamedParameters().Select(static p => new ParameterGroup([p]))];

    [Theory]
    [InlineData("sgd")]
    [InlineData("sgd decay")]
    [InlineData("sgd momentum")]
    [InlineData("sgd nesterov decay")]
    [InlineData("rmsprop")]
    [InlineData("rmsprop decay")]
    [InlineData("adam")]
    [InlineData("adam decay")]
    [InlineData("adamw")]
    [InlineData("adamw groups")]
    [InlineData("sgd clip norm")]
    [InlineData("sgd clip value")]
    public void UpdatesAreThoseOfPyTorch(string name)
    {
        ParameterGroup[] groups = Groups;
        if (name == "adamw groups") { (groups[1].LearningRateScale, groups[1].WeightDecay) = (0.5f, 0f); }
        using Optimizer optimizer = name switch
        {
            "sgd" or "sgd clip norm" or "sgd clip value" => new Sgd(groups, 0.1f),
            "sgd decay" => new Sgd(groups, 0.1f, weightDecay: 0.05f),
            "sgd momentum" => new Sgd(groups, 0.1f, 0.9f),
            "sgd nesterov decay" => new Sgd(groups, 0.1f, 0.8f, nesterov: true, weightDecay: 0.05f),
            "rmsprop" => new RmsProp(groups, 0.02f),
            "rmsprop decay" => new RmsProp(groups, 0.02f, 0.9f, 1e-4f, 0.05f),
            "adam" => new Adam(groups, 0.02f),
            "adam decay" => new Adam(groups, 0.02f, 0.8f, 0.95f, 1e-4f, 0.05f),
            "adamw" => new AdamW(groups, 0.02f),
            "adamw groups" => new AdamW(groups, 0.02f, weightDecay: 0.1f),
            _ => throw new ArgumentException(name),
        };
        GradientClipping? clipping = name switch
        {
            "sgd clip norm" => GradientClipping.Norm(1.5f),
            "sgd clip value" => GradientClipping.Value(0.3f),
            _ => null,
        };
        double[][] golden = TrainingGolden.Optimizer(name);
        for (int t = 0; t < golden.Length; t++)
        {
            SetGradients(t);
            if (clipping is { } limits) { optimizer.Step(limits); }
            else { optimizer.Step(); }
            float[] weights = Weights();
            for (int i = 0; i < weights.Length; i++) { Assert.Equal(golden[t][i], weights[i], Tolerance); }
        }

        Assert.Equal(golden.Length, optimizer.Updates);
    }

    [Fact]
    public void AveragingDividesTheGradientsBeforeTheyAreClipped()
    {
        using var optimizer = new Sgd(_model, 1f);
        foreach ((GradientClipping clipping, Func<float[], float[]> expected) in new (GradientClipping, Func<float[], float[]>)[]
                 {
                     (default, static g => g),
                     (GradientClipping.Norm(100f), static g => g),
                     (GradientClipping.Norm(0.25f), static g => Scaled(g, 0.25 / (Norm(g) + 1e-6))),
                     (GradientClipping.Value(0.2f), static g => Clamped(g, 0.2f)),
                     (new GradientClipping(0.25f, 0.2f), static g => Scaled(Clamped(g, 0.2f), 0.25 / (Norm(Clamped(g, 0.2f)) + 1e-6))),
                 })
        {
            float[] before = Weights();
            SetGradients(0);
            float[] averaged = [.. Gradients().Select(static g => g / 4f)];
            optimizer.Step(clipping, accumulated: 4);
            float[] wanted = expected(averaged), after = Weights();
            for (int i = 0; i < after.Length; i++) { Assert.Equal(before[i] - wanted[i], after[i], 1e-6); }
        }
    }

    [Fact]
    public void ParametersWithoutGradientStayAsTheyAreAndVersionsMove()
    {
        using var optimizer = new Adam(_model, 0.1f);
        float[] a = _model.A.ToArray();
        long version = _model.A.Version, moved = _model.B.Version;
        Device.Backend.Upload<float>(new float[4] { 1, -1, 2, 3 }, _model.B.Gradient);
        optimizer.Step();
        Assert.Equal(a, _model.A.ToArray());
        Assert.Equal(version, _model.A.Version);
        Assert.Equal(moved + 1, _model.B.Version);
        optimizer.ZeroGrad();
        Assert.False(_model.B.HasGradient);
    }

    [Fact]
    public void StateHasTheParametersNamesAndComesBack()
    {
        using var optimizer = new Adam(_model, 0.1f);
        SetGradients(0);
        optimizer.Step();
        (float[] a, float[] b) = (_model.A.ToArray(), _model.B.ToArray());
        using var stream = new MemoryStream();
        var writer = new SafeTensorsWriter(stream);
        optimizer.WriteState(writer);
        writer.Finish();
        SetGradients(1);
        optimizer.Step();

        using Device device = NewDevice();
        using var model = new Pair(device);
        using var other = new Adam(model, 0.1f);
        model.A.Load(a);
        model.B.Load(b);
        using (var file = SafeTensorsFile.Open(stream, "state"))
        {
            Assert.Equal(["m.a", "v.a", "m.b", "v.b"], file.Tensors.Select(static t => t.Name));
            other.ReadState(file, 1);
        }

        model.SetGradients(1);
        other.Step();
        Assert.Equal(2, other.Updates);
        Assert.Equal(Weights(), model.A.ToArray().Concat(model.B.ToArray()));
    }

    [Fact]
    public void MomentumOnlyWhereThereIsSome()
    {
        Assert.Equal([], Names(new Sgd(_model)));
        Assert.Equal(["momentum.a", "momentum.b"], Names(new Sgd(_model, momentum: 0.5f)));
        Assert.Equal(["v.a", "v.b"], Names(new RmsProp(_model)));
        Assert.Equal(["m.a", "v.a", "m.b", "v.b"], Names(new AdamW(_model)));

        static string[] Names(Optimizer optimizer)
        {
            using (optimizer) { return [.. optimizer.State().Select(static s => s.Name)]; }
        }
    }

    [Fact]
    public void BadSettingsAreToldApart()
    {
        Assert.Contains("learning rate", Refused(() => new Sgd(_model, -1f)), StringComparison.Ordinal);
        Assert.Contains("learning rate", Refused(() => new Adam(_model, float.NaN)), StringComparison.Ordinal);
        Assert.Contains("momentum", Refused(() => new Sgd(_model, 0.1f, momentum: 1f)), StringComparison.Ordinal);
        Assert.Contains("Nesterov", Refused(() => new Sgd(_model, 0.1f, nesterov: true)), StringComparison.Ordinal);
        Assert.Contains("beta2", Refused(() => new Adam(_model, beta2: 1f)), StringComparison.Ordinal);
        Assert.Contains("epsilon", Refused(() => new RmsProp(_model, epsilon: 0f)), StringComparison.Ordinal);
        Assert.Contains("weight decay", Refused(() => new AdamW(_model, weightDecay: -0.1f)), StringComparison.Ordinal);
        Assert.Contains("'c' is in the optimiser twice", Refused(() => new Sgd([.. Groups, new ParameterGroup([new("c", _model.A)])])), StringComparison.Ordinal);
        Assert.Contains("named 'a'", Refused(() => new Sgd([new ParameterGroup([new("a", _model.A), new("a", _model.B)])])), StringComparison.Ordinal);
        Assert.Contains("no parameter", Refused(() => new Sgd(Array.Empty<ParameterGroup>())), StringComparison.Ordinal);
        Assert.Contains("0.5", Refused(() => GradientClipping.Norm(-0.5f)), StringComparison.Ordinal);

        static string Refused(Func<object> make) => Assert.ThrowsAny<ArgumentException>(make).Message;
    }

    [Fact]
    public void VectorsDoNotDecayWhereAskedFor()
    {
        ParameterGroup[] groups = ParameterGroup.DecayMatricesOnly(_model);
        Assert.Equal(["a"], groups[0].Parameters.Select(static p => p.Name));
        Assert.Equal(["b"], groups[1].Parameters.Select(static p => p.Name));
        Assert.Equal((null, 0f), (groups[0].WeightDecay, groups[1].WeightDecay));
    }

    [Fact]
    public void UpdatesAllocateNothing()
    {
        using var optimizer = new AdamW(_model);
        var clipping = new GradientClipping(1f, 2f);
        float[] a = TrainingGolden.Values(2, 15, 2f), b = TrainingGolden.Values(3, 4, 2f);
        long before = 0;
        for (int i = 0; i < 50; i++)
        {
            if (i == 2) { before = GC.GetAllocatedBytesForCurrentThread(); }
            if (i % 20 == 10) { GC.Collect(); }
            Device.Backend.Upload<float>(a, _model.A.Gradient);
            Device.Backend.Upload<float>(b, _model.B.Gradient);
            optimizer.Step(clipping, 3);
            optimizer.ZeroGrad();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(static v => (double)v * v));

    private static float[] Scaled(float[] values, double factor) => [.. values.Select(v => (float)(v * Math.Min(1, factor)))];

    private static float[] Clamped(float[] values, float limit) => [.. values.Select(v => Math.Clamp(v, -limit, limit))];

    private void SetGradients(int update) => _model.SetGradients(update);

    private float[] Weights() => [.. _model.A.ToArray(), .. _model.B.ToArray()];

    private float[] Gradients() => [.. _model.A.GradientToArray(), .. _model.B.GradientToArray()];

    /// <summary>The recipe's two parameters.</summary>
    private sealed class Pair : Module
    {
        public Pair(Device device)
            : base(device)
        {
            A = AddParameter("a", new Shape(3, 5));
            B = AddParameter("b", new Shape(4));
            Reset();
        }

        public Parameter A { get; }

        public Parameter B { get; }

        public void Reset()
        {
            A.Load(TrainingGolden.Values(0, 15, 1f));
            B.Load(TrainingGolden.Values(1, 4, 1f));
        }

        public void SetGradients(int update)
        {
            Device.Backend.Upload<float>(TrainingGolden.Values((10 * update) + 2, 15, 2f), A.Gradient);
            Device.Backend.Upload<float>(TrainingGolden.Values((10 * update) + 3, 4, 2f), B.Gradient);
        }
    }
}
