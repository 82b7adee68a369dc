using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn.Streaming;

/// <summary>What cannot stream says why, and a call that does not fit says what would.</summary>
public sealed class StreamErrorTests : NnTestBase
{
    [Fact]
    public void ModelsThatCannotStreamSayWhichLayerDoesNotLetThem()
    {
        using var both = new Gru(Device, 3, 4, bidirectional: true);
        using var stack = new CellStack(Device, (home, size) => new GruVariantCell(home, size, 4), 3, bidirectional: true);
        Says<InvalidOperationException>("reads the sequence from its end", () => new StreamSession(both));
        Says<InvalidOperationException>("reads the sequence from its end", () => new StreamSession(stack));
        Says<InvalidOperationException>("layer 1 (Gru) does not let the model stream: a bidirectional layer", () => new StreamSession(new Sequential(Device, new Embedding(Device, 5, 3), both)));
        Says<InvalidOperationException>("layer 0 (Bidirectional(Gru)) does not let the model stream: it works on whole sequences", () => new StreamSession(new Sequential(Device, new Bidirectional(both))));
        Says<InvalidOperationException>("layer 1 (Dense) takes 6 features a step, but the layer before it makes 4", () => new StreamSession(new Sequential(Device, new Lstm(Device, 3, 4), new Dense(Device, 6, 2))));
        Says<InvalidOperationException>("layer 1 (Embedding) takes a symbol", () => new StreamSession(new Sequential(Device, new Lstm(Device, 3, 4), new Embedding(Device, 6, 2))));
        Says<InvalidOperationException>("how many features", () => new StreamSession(new Sequential(Device, new Dropout(Device, 0.5f))));
        Says<InvalidOperationException>("no layers", () => new StreamSession(new Sequential(Device)));
        Says<ArgumentException>("a Dense does not say how it runs step by step: implement IStreamable", () => new StreamSession(new Dense(Device, 2, 3)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamBatch(both, 0));
        Assert.Throws<ArgumentNullException>(() => new StreamSession(null!));
    }

    [Fact]
    public void CallsThatDoNotFitChangeNothing()
    {
        using Recurrent layer = StreamModels.Layer(Device, CellKind.Lstm);
        using var batch = new StreamBatch(layer, 3);
        float[] x = StreamModels.Sequence(2, 1), y = new float[2 * StreamModels.Hidden], state = new float[batch.StateSize];
        Assert.Equal([0, 1], [batch.Acquire(), batch.Acquire()]);
        batch.Step([0, 1], x, y);
        batch.Export(0, state);
        Says<ArgumentException>("no stream is open in slot 2", () => batch.Step([0, 2], x, y));
        Says<ArgumentException>("there is no slot 3", () => batch.Step([0, 3], x, y));
        Says<ArgumentException>("there is no slot -1", () => batch.Reset(-1));
        Says<ArgumentException>("slot 1 is in the step twice", () => batch.Step([1, 1], x, y));
        Says<ArgumentException>("2 x 5 inputs, not 5", () => batch.Step([0, 1], x.AsSpan(0, 5), y));
        Says<ArgumentException>("2 x 17 outputs, not 33", () => batch.Step([0, 1], x, y.AsSpan(1)));
        Says<ArgumentException>("takes 5 features a stream, not symbols", () => batch.Step([0, 1], [1, 2], y));
        Says<ArgumentException>("no stream is open in slot 2", () => batch.Export(2, state));
        Says<ArgumentException>("has 68 numbers, not 67", () => batch.Import(0, state.AsSpan(1)));
        Says<ArgumentException>("no stream is open in slot 2", () => batch.Copy(0, 2));
        layer.Train();
        Says<InvalidOperationException>("call Eval() first", () => batch.Step([0, 1], x, y));
        layer.Eval();
        batch.Step([], ReadOnlySpan<float>.Empty, []);
        var after = new float[batch.StateSize];
        batch.Export(0, after);
        Assert.Equal(state, after);
        Assert.Equal(2, batch.Acquire());
        Assert.False(batch.TryAcquire(out _));
        Says<InvalidOperationException>("all 3 slots are in use", () => batch.Acquire());
        batch.Release(1);
        Says<ArgumentException>("no stream is open in slot 1", () => batch.Release(1));
        Assert.Equal(2, batch.Count);
    }

    [Fact]
    public void UnknownSymbolsAreRefused()
    {
        using Sequential model = StreamModels.Chain(Device);
        using var session = new StreamSession(model);
        var y = new float[StreamModels.Symbols];
        Says<ArgumentException>("the symbol 11 is not below 11", () => session.Step(11, y));
        Says<ArgumentException>("takes a symbol a stream, not features", () => session.Step([1f], y));
        session.Step(-1, y);
    }

    [Fact]
    public void LayersTakePartOnceAStepAndInTheirOwnModelsStates()
    {
        using var twice = new Odd(Device, static (lstm, _, x, states) => lstm.Step(lstm.Step(x, states), states));
        using var foreign = new Odd(Device, static (_, other, x, states) => other.Step(x, states));
        using var narrow = new Odd(Device, static (lstm, _, x, states) => lstm.Step(x.Slice(1, 0, 2), states));
        using var wide = new Odd(Device, static (lstm, _, x, states) => Tensor.Concat(1, x, lstm.Step(x, states)));
        float[] x = [1f, 2f, 3f], y = new float[3];
        foreach ((Odd model, Type type, string message) in new[]
                 {
                     (twice, typeof(InvalidOperationException), "took the step already"),
                     (foreign, typeof(ArgumentException), "not of a model with this Lstm"),
                     (narrow, typeof(ArgumentException), "takes [1, 3] in this step, not [1, 2]"),
                     (wide, typeof(InvalidOperationException), "its StreamFormat says 3"),
                 })
        {
            model.Eval();
            using var session = new StreamSession(model);
            Exception thrown = Assert.ThrowsAny<Exception>(() => session.Step(x, y));
            Assert.Equal(type, thrown.GetType());
            Assert.Contains(message, thrown.Message, StringComparison.Ordinal);
            var state = new float[session.StateSize];
            session.Export(state);
            Assert.All(state, static v => Assert.Equal(0f, v));
        }
    }

    private static void Says<T>(string part, Action action)
        where T : Exception => Assert.Contains(part, Assert.Throws<T>(action).Message, StringComparison.Ordinal);

    /// <summary>A user's model that uses its layers wrongly.</summary>
    private sealed class Odd : Module, IStreamable
    {
        private readonly Lstm _lstm, _unregistered;
        private readonly Func<Lstm, Lstm, Tensor, StreamStates, Tensor> _step;

        public Odd(Device device, Func<Lstm, Lstm, Tensor, StreamStates, Tensor> step)
            : base(device)
        {
            _lstm = AddModule("lstm", new Lstm(device, 3, 3));
            _unregistered = new Lstm(device, 3, 3);
            _step = step;
        }

        public StreamFormat StreamFormat => _lstm.StreamFormat;

        public Tensor Step(Tensor input, StreamStates states) => _step(_lstm, _unregistered, input, states);
    }
}
