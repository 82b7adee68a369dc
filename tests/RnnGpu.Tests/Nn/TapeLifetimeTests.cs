using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn;

public sealed class TapeLifetimeTests : NnTestBase
{
    private Parameter NewParameter(params ReadOnlySpan<int> sizes)
    {
        var parameter = new Parameter(Device, "w", new Shape(sizes));
        parameter.Load(GradientCheck.Values(parameter.Shape, 1));
        return parameter;
    }

    [Fact]
    public void ResultsStayReadableAfterBackwardUntilTheNextOperation()
    {
        Parameter w = NewParameter(3);
        Tensor y = w.Value * 2f, loss = y.Sum();
        loss.Backward();
        float value = loss.Item();
        Assert.Equal(value, y.ToArray().Sum(), 1e-6f);
        Tensor next = w.Value + 1f;
        Assert.False(loss.IsAlive);
        var error = Assert.Throws<ObjectDisposedException>(() => loss.Item());
        Assert.Contains("Keep()", error.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => y + next);
        Assert.True(next.IsAlive);
    }

    [Fact]
    public void AnOldResultAsOperandEndsItsStepAndThrows()
    {
        Parameter w = NewParameter(3);
        Tensor loss = w.Value.Sum();
        loss.Backward();
        Assert.Throws<ObjectDisposedException>(() => loss + loss);
    }

    [Fact]
    public void NoGradReadsAFinishedStepWithoutEndingIt()
    {
        Parameter w = NewParameter(3);
        Tensor y = w.Value * 2f;
        y.Sum().Backward();
        using (Device.NoGrad()) { Assert.Equal(2f * w.ToArray().Sum(), y.Sum().Item(), 1e-6f); }
        Assert.True(y.IsAlive);
    }

    [Fact]
    public void KeepOutlivesStepAndScope()
    {
        Parameter w = NewParameter(3);
        Tensor y = (w.Value * 2f).Keep();
        Assert.True(y.RequiresGrad);
        y.Sum().Backward();
        Tensor z;
        using (Device.NoGrad()) { z = (y + 1f).Keep(); }
        Tensor next = (y * w).Sum();
        Assert.False(y.RequiresGrad);
        w.ZeroGrad();
        next.Backward();
        Assert.Equal(y.ToArray(), w.GradientToArray());
        Assert.Equal(y.ToArray()[0] + 1f, z.ToArray()[0]);
        y.Release();
        z.Release();
        Assert.Throws<ObjectDisposedException>(() => y.Shape);
        Assert.Throws<ObjectDisposedException>(() => z.Release());
    }

    [Fact]
    public void ReleasingATensorThatTheTapeNeedsIsSafe()
    {
        Parameter w = NewParameter(3);
        Tensor kept = Device.Tensor([1f, 2f, 3f], new Shape(3)).Keep();
        Tensor y = w.Value * kept;
        Tensor loss = y.Tanh().Sum();
        kept.Release();
        y.Release();
        Tensor noise = Device.Full(new Shape(3), 1000f);
        Assert.Throws<ObjectDisposedException>(() => y.ToArray());
        loss.Backward();
        float[] values = w.ToArray(), gradient = w.GradientToArray();
        for (int i = 0; i < 3; i++)
        {
            double t = Math.Tanh(values[i] * (i + 1));
            Assert.Equal((i + 1) * (1 - (t * t)), gradient[i], 1e-5);
        }

        Assert.Equal(1000f, noise.ToArray()[0]);
    }

    [Fact]
    public void NoGradReleasesWhatItMade()
    {
        Parameter w = NewParameter(3);
        long before = Device.LeasedBytes;
        Tensor y, inner;
        using (Device.NoGrad())
        {
            y = w.Value * 2f;
            Assert.False(y.RequiresGrad);
            using (Device.NoGrad()) { inner = y + 1f; }
            Assert.False(inner.IsAlive);
            Assert.True(y.IsAlive);
            Assert.False(Device.GradEnabled);
        }

        Assert.True(Device.GradEnabled);
        Assert.False(y.IsAlive);
        Assert.Equal(before, Device.LeasedBytes);
    }

    [Fact]
    public void ScopesEndInOrderAndOnlyOnce()
    {
        NoGradScope outer = Device.NoGrad();
        NoGradScope inner = Device.NoGrad();
        Assert.Throws<InvalidOperationException>(() => outer.Dispose());
        inner.Dispose();
        outer.Dispose();
        outer.Dispose();
        Assert.True(Device.GradEnabled);
    }

    [Fact]
    public void ASecondBackwardSaysWhy()
    {
        Parameter w = NewParameter(3);
        Tensor loss = w.Value.Sum();
        loss.Backward();
        var error = Assert.Throws<InvalidOperationException>(() => loss.Backward());
        Assert.Contains("already run", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void BackwardWithoutAnythingToDoSaysWhy()
    {
        Tensor constant = Device.Ones(new Shape(3)).Sum();
        Assert.Contains("depends on nothing", Assert.Throws<InvalidOperationException>(() => constant.Backward()).Message, StringComparison.Ordinal);
        Parameter w = NewParameter(3);
        Assert.Contains("single number", Assert.Throws<InvalidOperationException>(() => (w.Value * 2f).Backward()).Message, StringComparison.Ordinal);
        w.Trainable = false;
        Assert.Throws<InvalidOperationException>(() => w.Value.Sum().Backward());
        w.Trainable = true;
        Tensor loss = w.Value.Sum();
        using (Device.NoGrad()) { Assert.Throws<InvalidOperationException>(() => loss.Backward()); }
        loss.Backward();
        Assert.Throws<InvalidOperationException>(() => (w.Value * 2f).Grad);
        Assert.Throws<ObjectDisposedException>(() => default(Tensor).Shape);
    }

    [Fact]
    public void DetachStopsGradients()
    {
        Parameter w = NewParameter(3);
        Tensor y = w.Value * 2f;
        (y * y.Detach()).Sum().Backward();
        float[] values = w.ToArray();
        Assert.Equal(Array.ConvertAll(values, static v => 4f * v), w.GradientToArray());
    }

    [Fact]
    public void ReleaseStepDropsTheGraphWithoutGradients()
    {
        Parameter w = NewParameter(3);
        long before = Device.LeasedBytes;
        Tensor loss = (w.Value * 2f).Sum();
        Device.ReleaseStep();
        Assert.False(loss.IsAlive);
        Assert.False(w.HasGradient);
        Assert.Equal(before, Device.LeasedBytes);
        Assert.Equal(0ul, Device.Step);
    }

    [Fact]
    public void BackwardCountsSteps()
    {
        Parameter w = NewParameter(3);
        for (int i = 0; i < 3; i++) { w.Value.Sum().Backward(); }
        Assert.Equal(3ul, Device.Step);
        Assert.Equal([3f, 3f, 3f], w.GradientToArray());
        w.ZeroGrad();
        Assert.Equal([0f, 0f, 0f], w.GradientToArray());
    }

    [Fact]
    public void NodesBesideTheLossAreDropped()
    {
        Parameter w = NewParameter(3);
        Tensor loss = w.Value.Sum();
        Tensor unused = (w.Value * 5f).Sum();
        loss.Backward();
        Assert.Equal([1f, 1f, 1f], w.GradientToArray());
        Assert.Throws<InvalidOperationException>(() => unused.Backward());
    }

    [Fact]
    public void ReleasedIntermediatesLowerThePeakOfBackward()
    {
        long Peak(bool release)
        {
            using Device device = NewDevice();
            var w = new Parameter(device, "w", new Shape(64, 1024));
            Tensor x = w.Value * 1f;
            for (int i = 0; i < 8; i++)
            {
                Tensor y = x.Tanh();
                if (release) { x.Release(); }
                x = y;
            }

            Tensor loss = x.Sum();
            long before = device.LeasedBytes;
            loss.Backward();
            Assert.True(device.PeakBytes <= before + (3 * 64 * 1024 * sizeof(float)), "gradients of intermediates were not returned");
            return device.LeasedBytes;
        }

        Assert.True(Peak(release: true) <= Peak(release: false) - (8 * 64 * 1024 * sizeof(float)));
    }

    [Fact]
    public void AnOperationThatFailsLosesNoMemory()
    {
        using var embedding = new Embedding(Device, 4, 3);
        using var norm = new LayerNorm(Device, 3);
        using var lstm = new Lstm(Device, 3, 3);
        long before = 0;
        for (int i = 0; i < 4; i++)
        {
            Tensor x = Device.Tensor([0, 1, 2, 3], new Shape(4));
            Tensor y = norm.Forward(embedding.Forward(x));
            lstm.Forward(y.Reshape(2, 2, 3));
            Assert.Throws<ArgumentException>(() => embedding.Forward(Device.Tensor([4], new Shape(1))));
            Assert.Throws<ArgumentException>(() => new SoftmaxCrossEntropy().Forward(y, x));
            Device.ReleaseStep();
            if (i == 1) { before = Device.LeasedBytes; }
        }

        Assert.Equal(before, Device.LeasedBytes);
        Assert.Equal(0, Device.Tape.Count);
    }

    [Fact]
    public void DisposedDeviceRefusesTensors()
    {
        Device device = NewDevice();
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.Zeros(new Shape(2)));
        device.Dispose();
    }

    [Fact]
    public void ModulesMayOutliveTheirDevice()
    {
        Device device = NewDevice();
        using var lstm = new Lstm(device, 2, 3);
        using RecurrentState state = lstm.NewState(1);
        lstm.Run(device.Zeros(new Shape(2, 1, 2)), state).Output.Sum().Backward();
        device.Dispose();
    }

    [Fact]
    public void TrimGivesCachedMemoryBack()
    {
        Device.Zeros(new Shape(1000));
        Device.ReleaseStep();
        Assert.True(Device.AllocatedBytes >= 4000);
        Device.Trim();
        Assert.Equal(Device.LeasedBytes, Device.AllocatedBytes);
        Assert.Equal(1000, Device.Zeros(new Shape(1000)).ToArray().Length);
    }
}
