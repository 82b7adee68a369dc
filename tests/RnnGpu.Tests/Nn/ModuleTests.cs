using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class ModuleTests : NnTestBase
{
    [Fact]
    public void ParametersHaveFullNamesInOrderAndBuffersAreState()
    {
        using var model = new Model(Device);
        Assert.Equal(["scale", "encoder.weight", "encoder.bias"], model.NamedParameters().Select(static p => p.Name));
        Assert.Equal(["scale", "count", "encoder.weight", "encoder.bias"], model.State().Select(static p => p.Name));
        Assert.Equal(2 + 6 + 2, model.ParameterCount());
        Assert.Same(model.Parameters(), model.Parameters());
        Assert.False(model.Count.Trainable);
        Assert.Throws<InvalidOperationException>(() => model.Count.Trainable = true);
    }

    [Fact]
    public void ListsFollowLaterRegistrationsAnywhereBelow()
    {
        using var model = new Model(Device);
        int before = model.Parameters().Count;
        model.Encoder.Add("late");
        Assert.Equal(before + 1, model.Parameters().Count);
    }

    [Fact]
    public void SharedParametersAreListedOnce()
    {
        using var model = new Model(Device);
        model.Tie();
        Assert.Equal(3, model.Parameters().Count);
    }

    [Fact]
    public void NamesMustBeUniqueAndPlain()
    {
        using var model = new Model(Device);
        Assert.Throws<ArgumentException>(() => model.Encoder.Add("weight"));
        Assert.Throws<ArgumentException>(() => model.Encoder.Add("a.b"));
        Assert.Throws<ArgumentException>(() => model.Encoder.Add(""));
        using Device other = NewDevice();
        Assert.Throws<ArgumentException>(() => model.Encoder.Adopt(new Dense(other, 1, 1)));
    }

    [Fact]
    public void ModeReachesAllBelow()
    {
        using var model = new Model(Device);
        model.Eval();
        Assert.False(model.Encoder.Training);
        model.Train();
        Assert.True(model.Encoder.Training);
    }

    [Fact]
    public void VersionMovesWithTheWeight()
    {
        var parameter = new Parameter(Device, "w", new Shape(2));
        long version = parameter.Version;
        parameter.Load([1f, 2f]);
        Assert.NotEqual(version, parameter.Version);
        Assert.Throws<ArgumentException>(() => parameter.Load([1f]));
        Assert.Throws<InvalidOperationException>(() => parameter.Value.Release());
        Assert.Equal([1f, 2f], parameter.ToArray());
    }

    [Fact]
    public void FrozenParametersGetNoGradient()
    {
        using var dense = new Dense(Device, 3, 2);
        dense.Weight.Trainable = false;
        dense.Forward(Device.Ones(new Shape(1, 3))).Sum().Backward();
        Assert.False(dense.Weight.HasGradient);
        Assert.Equal([1f, 1f], dense.Bias!.GradientToArray());
        dense.ZeroGrad();
        Assert.False(dense.Bias.HasGradient);
    }

    [Fact]
    public void DisposeFreesParameters()
    {
        long before = Device.LeasedBytes;
        var model = new Model(Device);
        model.Encoder.Forward(Device.Ones(new Shape(1, 3))).Sum().Backward();
        Device.ReleaseStep();
        model.Dispose();
        model.Dispose();
        Assert.Equal(before, Device.LeasedBytes);
    }

    [Fact]
    public void AModuleWithoutSingleInputSaysSo()
    {
        using var model = new Model(Device);
        Assert.Contains("Model", Assert.Throws<NotSupportedException>(() => model.Forward(default)).Message, StringComparison.Ordinal);
    }

    private sealed class Model : Module
    {
        public Model(Device device)
            : base(device)
        {
            Scale = AddParameter("scale", new Shape(2));
            Count = AddBuffer("count", new Shape(1));
            Encoder = AddModule("encoder", new Open(device));
        }

        public Parameter Scale { get; }

        public Parameter Count { get; }

        public Open Encoder { get; }

        public void Tie() => AddShared("tied", Encoder.Weight);
    }

    private sealed class Open : Module
    {
        public Open(Device device)
            : base(device)
        {
            Weight = AddParameter("weight", new Shape(2, 3));
            Bias = AddParameter("bias", new Shape(2));
        }

        public Parameter Weight { get; }

        public Parameter Bias { get; }

        public void Add(string name) => AddParameter(name, new Shape(1));

        public void Adopt(Module module) => AddModule("child", module);

        public override Tensor Forward(Tensor input) => input.Linear(Weight, Bias);
    }
}
