using RnnGpu.Core;
using RnnGpu.Nn;
using Xunit;

namespace RnnGpu.Tests.Nn.Streaming;

/// <summary>Every stream gets the bits that its sequence has alone and at once, whoever else steps, and whenever.</summary>
public sealed class StreamBatchTests : NnTestBase
{
    public static TheoryData<string> Backends => BackendDevices.Names;

    [Theory]
    [MemberData(nameof(Backends))]
    public void StreamsThatComeAndGoGetTheBitsOfTheirSequences(string backend)
    {
        using Device device = BackendDevices.Create(backend);
        foreach (CellKind cell in Enum.GetValues<CellKind>())
        {
            using Recurrent layer = StreamModels.Layer(device, cell);
            ChurnFeatures(layer, slots: 7, rounds: 20, seed: 1);
        }
    }

    [Fact]
    public void SeveralThreadsChangeNothing()
    {
        using Device device = NewDevice(threads: 2);
        using var layer = new Lstm(device, StreamModels.Inputs, 200);
        layer.Eval();
        ChurnFeatures(layer, slots: 40, rounds: 12, seed: 2);
    }

    [Fact]
    public void AWholeModelStreams()
    {
        using Sequential model = StreamModels.Chain(Device);
        Assert.Equal(new StreamFormat(DType.I32, 1, StreamModels.Symbols, StreamModels.Symbols), model.StreamFormat);
        using var batch = new StreamBatch(model, 3);
        int[][] ids = [.. Enumerable.Range(0, 3).Select(static s => Enumerable.Range(0, 12).Select(t => ((t * 7) + (s * 3)) % StreamModels.Symbols).ToArray())];
        var outputs = new List<float>[3];
        for (int s = 0; s < 3; s++)
        {
            outputs[s] = [];
            batch.Acquire();
        }

        // Stream 1 runs ahead, stream 2 alone at the end, in between all of them in any order.
        int[] at = new int[3];
        foreach (int[] slots in new int[][] { [1], [1], [0, 1, 2], [2, 0], [2, 1, 0], [0, 1, 2], [0, 1, 2], [1, 0], [1, 0, 2], [0, 1], [0, 2], [1, 0], [0], [2], [2], [2] })
        {
            var y = new float[slots.Length * StreamModels.Symbols];
            batch.Step(slots, slots.Select(s => ids[s][at[s]++]).ToArray(), y);
            for (int row = 0; row < slots.Length; row++) { outputs[slots[row]].AddRange(y.AsSpan(row * StreamModels.Symbols, StreamModels.Symbols)); }
        }

        Assert.Equal([11, 10, 10], at);
        for (int s = 0; s < 3; s++) { Assert.Equal(StreamModels.Whole(model, ids[s][..at[s]]), outputs[s]); }
    }

    [Fact]
    public void IdleStreamsKeepTheirStateBitForBit()
    {
        foreach (Module model in new Module[] { StreamModels.Layer(Device, CellKind.Lstm), new CellStack(Device, (home, size) => new GruVariantCell(home, size, 8), StreamModels.Inputs, layers: 2) })
        {
            model.Eval();
            using var batch = new StreamBatch(model, 4);
            for (int i = 0; i < 4; i++) { batch.Acquire(); }
            var y = new float[4 * batch.Format.Outputs];
            batch.Step([0, 1, 2, 3], GradientCheck.Values(new Shape(4, StreamModels.Inputs), 1), y);
            float[] before = Export(batch, 2);
            Assert.Contains(before, static v => v != 0f);

            // What idle rows would have been given does not reach them, nor what the others are given: NaN.
            var poison = new float[StreamModels.Inputs];
            Array.Fill(poison, float.NaN);
            batch.Step([1], poison, y.AsSpan(0, batch.Format.Outputs));
            batch.Step([0, 3], [.. poison, .. poison], y.AsSpan(0, 2 * batch.Format.Outputs));
            Assert.Equal(before, Export(batch, 2));
            Assert.Contains(Export(batch, 1), float.IsNaN);

            // Another stream in the slot starts from zeros.
            batch.Release(1);
            Assert.Equal(1, batch.Acquire());
            Assert.All(Export(batch, 1), static v => Assert.Equal(0f, v));
            model.Dispose();
        }
    }

    [Fact]
    public void StatesMoveBetweenBatchesAndSessions()
    {
        using Sequential model = StreamModels.Chain(Device);
        int[] ids = [3, 1, 4, 1, 5, 9, 2, 6];
        float[] whole = StreamModels.Whole(model, ids);
        using var session = new StreamSession(model);
        using var batch = new StreamBatch(model, 3);
        for (int i = 0; i < 3; i++) { batch.Acquire(); }
        var y = new float[StreamModels.Symbols];
        for (int t = 0; t < 4; t++) { session.Step(ids[t], y); }
        var state = new float[session.StateSize];
        session.Export(state);

        // LSTM two layers of 9 with h and c, then h of 8 and h of 4.
        Assert.Equal((2 * 2 * 9) + 8 + 4, state.Length);
        batch.Import(1, state);
        batch.Copy(1, 2);
        for (int t = 4; t < 8; t++)
        {
            var rows = new float[2 * StreamModels.Symbols];
            batch.Step([2, 1], [ids[t], ids[t]], rows);
            float[] expected = whole[(t * StreamModels.Symbols)..((t + 1) * StreamModels.Symbols)];
            Assert.Equal([.. expected, .. expected], rows);
        }

        session.Reset();
        session.Step(ids[0], y);
        Assert.Equal(whole[..StreamModels.Symbols], y);
        session.Import(state);
        session.Step(ids[4], y);
        Assert.Equal(whole[(4 * StreamModels.Symbols)..(5 * StreamModels.Symbols)], y);
    }

    [Fact]
    public void AStepThatFailsMovesNobodyOn()
    {
        using var model = new Failing(Device);
        model.Eval();
        using var batch = new StreamBatch(model, 2);
        batch.Acquire();
        batch.Acquire();
        float[] x = GradientCheck.Values(new Shape(2, StreamModels.Inputs), 1), y = new float[2 * StreamModels.Hidden], again = new float[2 * StreamModels.Hidden];
        batch.Step([0, 1], x, y);
        float[][] before = [Export(batch, 0), Export(batch, 1)];
        model.Fails = true;
        Assert.Throws<TimeoutException>(() => batch.Step([0, 1], x, y));
        Assert.Throws<TimeoutException>(() => batch.Step([1], x.AsSpan(0, StreamModels.Inputs), y.AsSpan(0, StreamModels.Hidden)));
        Assert.Equal(before, [Export(batch, 0), Export(batch, 1)]);
        model.Fails = false;
        batch.Step([0, 1], x, y);
        using var other = new StreamBatch(model, 2);
        other.Acquire();
        other.Acquire();
        other.Step([0, 1], x, again);
        other.Step([0, 1], x, again);
        Assert.Equal(again, y);
    }

    [Fact]
    public void ChangedWeightsHoldFromTheNextStepOn()
    {
        using Recurrent layer = StreamModels.Layer(Device, CellKind.GruResetAfter);
        using var session = new StreamSession(layer);
        float[] x = StreamModels.Sequence(1, 1), y = new float[StreamModels.Hidden];
        session.Step(x, y);
        Assert.Contains(y, static v => v != 0f);
        foreach (Parameter parameter in layer.Parameters()) { new ConstantInit(0f).Apply(parameter); }
        session.Reset();
        session.Step(x, y);
        Assert.All(y, static v => Assert.Equal(0f, v));
    }

    [Fact]
    public void DisposeGivesAllMemoryBack()
    {
        using Sequential model = StreamModels.Chain(Device);
        var y = new float[StreamModels.Symbols];
        using (var warm = new StreamSession(model))
        {
            for (int i = 0; i < 3; i++) { warm.Step(1, y); }
        }

        // What the model itself keeps, packed weights, stays.
        long before = Device.LeasedBytes;
        var session = new StreamSession(model);
        session.Step(1, y);
        session.Dispose();
        session.Dispose();
        Assert.Equal(before, Device.LeasedBytes);
        Assert.Throws<ObjectDisposedException>(() => session.Step(1, y));
    }

    /// <summary>Random streams in random slots, each compared with its whole sequence alone.</summary>
    private static void ChurnFeatures(Recurrent layer, int slots, int rounds, ulong seed)
    {
        var random = new PhiloxStream(new RandomKey(seed, 0, 77));
        using var batch = new StreamBatch(layer, slots);
        int width = layer.Spec.HiddenSize, compared = 0;
        var open = new Dictionary<int, (List<float> X, List<float> Y)>();
        uint site = 0;
        for (int round = 0; round < rounds; round++)
        {
            while (open.Count < slots && random.NextInt(3) > 0) { open.Add(batch.Acquire(), ([], [])); }
            int[] stepping = [.. open.Keys.Where(_ => round % 5 == 4 || random.NextInt(2) > 0)];
            if (round % 3 > 0) { Array.Sort(stepping); }
            float[] x = GradientCheck.Values(new Shape(stepping.Length, StreamModels.Inputs), site++), y = new float[stepping.Length * width];
            batch.Step(stepping, x, y);
            for (int row = 0; row < stepping.Length; row++)
            {
                open[stepping[row]].X.AddRange(x.AsSpan(row * StreamModels.Inputs, StreamModels.Inputs));
                open[stepping[row]].Y.AddRange(y.AsSpan(row * width, width));
            }

            foreach (int slot in open.Keys.Where(_ => round == rounds - 1 || random.NextInt(8) == 0).ToArray())
            {
                batch.Release(slot);
                open.Remove(slot, out (List<float> X, List<float> Y) stream);
                if (stream.X.Count == 0) { continue; }
                Assert.Equal(StreamModels.Whole(layer, [.. stream.X]), stream.Y);
                compared++;
            }
        }

        Assert.True(compared >= Math.Min(slots, rounds), $"{compared} streams only were compared");
        Assert.Equal(0, batch.Count);
    }

    private static float[] Export(StreamBatch batch, int slot)
    {
        var state = new float[batch.StateSize];
        batch.Export(slot, state);
        return state;
    }

    /// <summary>A model of a user's that fails behind its recurrent layer when told to.</summary>
    private sealed class Failing : Module, IStreamable
    {
        private readonly Lstm _lstm;

        public Failing(Device device)
            : base(device) => _lstm = AddModule("lstm", new Lstm(device, StreamModels.Inputs, StreamModels.Hidden));

        public bool Fails { get; set; }

        public StreamFormat StreamFormat => _lstm.StreamFormat;

        public Tensor Step(Tensor input, StreamStates states)
        {
            Tensor y = _lstm.Step(input, states);
            return Fails ? throw new TimeoutException() : y;
        }
    }
}
