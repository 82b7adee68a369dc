using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;
using RnnGpu.Tests.Contract;
using Xunit;

namespace RnnGpu.Tests;

/// <summary>The programs of docs/serving.md: every line of them stands here, and runs.</summary>
public sealed class ServingExampleTests
{
    [Fact]
    public void EveryLineOfThePageStandsInThisFile()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "serving.md"));
        HashSet<string> here = [.. File.ReadLines(Path.Combine(Repository.Root, "tests", "RnnGpu.Tests", "ServingExampleTests.cs")).Select(Code)];
        string[] lines = [.. page.Split("```csharp")[1..].SelectMany(static part => part[..part.IndexOf("```", StringComparison.Ordinal)].Split('\n')).Select(Code).Where(static line => line.Length > 0)];
        Assert.True(lines.Length > 20);
        Assert.All(lines, line => Assert.Contains(line, here));
    }

    [Fact]
    public void AStreamGivesWhatTheWholeSequenceGives()
    {
        using var device = new Device(CpuBackend.Create(), seed: 1);
        using var model = new Tagger(device, symbols: 5, tags: 3);
        model.Eval();
        int[] ids = [3, 1, 4, 1, 2];
        var scores = new float[3];
        {
            using var session = new StreamSession(model);
            foreach (int id in ids) { session.Step(id, scores); }     // scores: a number for each symbol that may come next
        }

        Assert.Equal(Whole(model, ids)[^3..], scores);
    }

    [Fact]
    public void ABatchServesStreamsThatComeAndGo()
    {
        using var device = new Device(CpuBackend.Create(), seed: 1);
        using var model = new Tagger(device, symbols: 5, tags: 3);
        model.Eval();
        float[] scores = new float[3], both = new float[6];

        using var batch = new StreamBatch(model, slots: 16);
        int first = batch.Acquire(), second = batch.Acquire();     // each with a state of zeros
        batch.Step([first, second], [3, 1], both);                 // both: first's scores, then second's
        batch.Step([second], [2], scores);                         // first has no input now: its state stays as it is
        batch.Copy(second, first);                                 // two continuations of one beginning
        batch.Release(second);

        Assert.Equal([.. Whole(model, [3]), .. Whole(model, [1])], both);
        Assert.Equal(Whole(model, [1, 2])[3..], scores);
        batch.Step([first], [4], scores);
        Assert.Equal(Whole(model, [1, 2, 4])[6..], scores);
    }

    [Fact]
    public void AServerTakesCallsOfThreads()
    {
        using var device = new Device(CpuBackend.Create(), seed: 1);
        using var model = new Tagger(device, symbols: 5, tags: 3);
        model.Eval();
        var scores = new float[3];

        using var server = new StreamServer(model, slots: 64);
        int stream = server.Open();                                // in each thread
        server.Step(stream, 3, scores);                            // returns when the step is done
        server.Close(stream);

        Assert.Equal(Whole(model, [3]), scores);
        Assert.Equal((1, 1), (server.Steps, server.Requests));
    }

    private static float[] Whole(Tagger model, int[] ids)
    {
        using NoGradScope scope = model.Device.NoGrad();
        return model.Forward(model.Device.Tensor(ids, new Shape(ids.Length, 1))).ToArray();
    }

    private static string Code(string line)
    {
        string code = line.Trim();
        return code.StartsWith("sealed class", StringComparison.Ordinal) ? "private " + code : code;
    }

    private sealed class Tagger : Module, IStreamable
    {
        private readonly Embedding _embedding;
        private readonly Lstm _lstm;
        private readonly Dense _output;

        public Tagger(Device device, int symbols, int tags)
            : base(device)
        {
            _embedding = AddModule("embedding", new Embedding(device, symbols, size: 8));
            _lstm = AddModule("lstm", new Lstm(device, inputs: 8, hidden: 16));
            _output = AddModule("output", new Dense(device, inputs: 16, outputs: tags));
        }

        public StreamFormat StreamFormat => new(DType.I32, Inputs: 1, _output.Outputs, _embedding.Symbols);

        public override Tensor Forward(Tensor input) => _output.Forward(_lstm.Forward(_embedding.Forward(input)));

        public Tensor Step(Tensor input, StreamStates states) => _output.Forward(_lstm.Step(_embedding.Forward(input), states));
    }
}
