using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn.Streaming;

/// <summary>Many threads, each with streams of its own: everybody gets what the stream has alone.</summary>
public sealed class StreamServerTests : NnTestBase
{
    [Fact]
    public async Task EveryThreadGetsTheBitsOfItsStream()
    {
        const int threads = 6, steps = 60, sessions = 3;
        using Sequential model = StreamModels.Chain(Device);
        int[][] ids = [.. Enumerable.Range(0, threads * sessions).Select(static s => Enumerable.Range(0, steps).Select(t => ((t * t) + (5 * s)) % StreamModels.Symbols).ToArray())];
        float[][] expected = [.. ids.Select(sequence => StreamModels.Whole(model, sequence))];
        using var server = new StreamServer(model, threads);
        var results = new float[ids.Length][];
        using var start = new Barrier(threads);
        await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                for (int s = thread; s < ids.Length; s += threads)
                {
                    var y = new float[StreamModels.Symbols];
                    var all = new List<float>();
                    int stream = server.Open();
                    foreach (int id in ids[s])
                    {
                        server.Step(stream, id, y);
                        all.AddRange(y);
                    }

                    server.Close(stream);
                    results[s] = [.. all];
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        Assert.Equal(expected, results);
        Assert.Equal(ids.Length * steps, server.Requests);
        Assert.InRange(server.Steps, steps * sessions, server.Requests);
    }

    [Fact]
    public async Task RequestsThatWaitAreOneStep()
    {
        const int streams = 5;
        using var model = new Slow(Device);
        model.Eval();
        using var server = new StreamServer(model, streams);
        for (int i = 0; i < streams; i++) { server.Open(); }
        float[] x = [1f, 2f, 3f];
        Task Step(int stream) => Task.Factory.StartNew(
            () => server.Step(stream, x, new float[4]), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        // The first request's step is held up until all others wait.
        Task first = Step(0);
        model.Entered.Wait();
        Task[] others = [.. Enumerable.Range(1, streams - 1).Select(Step)];
        while (server.Waiting < streams - 1) { await Task.Delay(1); }
        Assert.Throws<InvalidOperationException>(() => server.Step(0, x, new float[4]));
        model.Go.Set();
        await Task.WhenAll([first, .. others]);
        Assert.Equal((2, streams), (server.Steps, server.Requests));
    }

    [Fact]
    public void FailuresReachTheCallerAndLeaveTheServerUsable()
    {
        using var model = new Slow(Device);
        model.Eval();
        model.Go.Set();
        using var server = new StreamServer(model, 2);
        int stream = server.Open();
        float[] x = [1f, 2f, 3f], y = new float[4], state = new float[server.StateSize], after = new float[server.StateSize];
        server.Step(stream, x, y);
        server.Export(stream, state);
        model.Fails = true;
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => server.Step(stream, x, y));
        Assert.IsType<TimeoutException>(failure.InnerException);
        model.Fails = false;
        server.Export(stream, after);
        Assert.Equal(state, after);
        server.Step(stream, x, y);
        server.Import(stream, state);
        float[] again = new float[4];
        server.Step(stream, x, again);
        Assert.Equal(y, again);
        Assert.Throws<ArgumentException>(() => server.Step(1, x, y));
        Assert.Throws<ArgumentException>(() => server.Step(stream, 1, y));
        Assert.Throws<ArgumentException>(() => server.Step(stream, x, y.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => server.Step(stream, x.AsSpan(1), y));
        server.Reset(stream);
        server.Close(stream);
        Assert.Throws<ArgumentException>(() => server.Close(stream));
        server.Dispose();
        Assert.Throws<ObjectDisposedException>(() => server.Step(stream, x, y));
    }

    /// <summary>A model whose step waits.</summary>
    private sealed class Slow : Module, IStreamable
    {
        private readonly Lstm _lstm;

        public Slow(Device device)
            : base(device) => _lstm = AddModule("lstm", new Lstm(device, 3, 4));

        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Go { get; } = new();

        public bool Fails { get; set; }

        public StreamFormat StreamFormat => _lstm.StreamFormat;

        public Tensor Step(Tensor input, StreamStates states)
        {
            Entered.Set();
            Go.Wait();
            return Fails ? throw new TimeoutException() : _lstm.Step(input, states);
        }

        protected override void Dispose(bool disposing)
        {
            Entered.Dispose();
            Go.Dispose();
            base.Dispose(disposing);
        }
    }
}
