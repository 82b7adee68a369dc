using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tests.Checkpoints;
using Xunit;

namespace RnnGpu.Tests.Training;

/// <summary>A stack of recurrent layers with dropout and carried state, trained on windows of an endless text.</summary>
public sealed class TruncatedBpttTests
{
    private const int Steps = 4, Batch = 3, Symbols = 9, Windows = 5;

    [Theory]
    [InlineData("lstm")]
    [InlineData("gru")]
    [InlineData("elman")]
    public void ResumedBetweenAnyTwoWindowsTheRunEndsInTheSameFilesOnOneOrTwoThreads(string cell)
    {
        using var whole = new TempFolder();
        Train(cell, whole.Path, 8);
        SortedDictionary<string, string> expected = LastFiles(whole.Path);
        for (int stop = 1; stop < 8; stop++)
        {
            using var folder = new TempFolder();
            Train(cell, folder.Path, stop, threads: 1 + (stop % 2));
            Train(cell, folder.Path, 8, threads: 2 - (stop % 2));
            Assert.Equal(expected, LastFiles(folder.Path));
        }
    }

    [Fact]
    public void CarriedStateMattersAndRecomputedSpansGiveTheSameBits()
    {
        using var carried = new TempFolder();
        using var dropped = new TempFolder();
        using var spans = new TempFolder();
        Train("lstm", carried.Path, 4);
        Train("lstm", dropped.Path, 4, reset: true);
        Train("lstm", spans.Path, 4, spanSteps: 2);
        Assert.NotEqual(LastFiles(carried.Path)["model.safetensors"], LastFiles(dropped.Path)["model.safetensors"]);
        Assert.Equal(LastFiles(carried.Path), LastFiles(spans.Path));
    }

    private static SortedDictionary<string, string> LastFiles(string run) => TempFolder.Contents(CheckpointFolder.OpenNewest(run).Path);

    /// <summary>Begins a run in a folder, or takes up the one there.</summary>
    private static void Train(string cell, string folder, int steps, int threads = 1, bool reset = false, int? spanSteps = null)
    {
        using var device = new Device(CpuBackend.Create(threads), seed: 11);
        using var model = new Net(device, cell, spanSteps);
        using var optimizer = new Adam(model, 0.02f);
        var windows = new WindowSource();
        using var trainer = new Trainer<int[]>(new WindowTask(model, reset), optimizer, windows, new int[(Steps + 1) * Batch], new TrainerOptions
        {
            MaxSteps = steps,
            Clipping = GradientClipping.Norm(1f),
            CheckpointDirectory = folder,
        });
        if (CheckpointFolder.FindNewest(folder).Newest is { } newest) { trainer.Restore(newest); }
        Assert.Equal(TrainingEnd.StepLimit, trainer.Run().End);
    }

    private sealed class Net : Module
    {
        public Net(Device device, string cell, int? spanSteps)
            : base(device)
        {
            Embedding = AddModule("embedding", new Embedding(device, Symbols, 6));
            Recurrent = AddModule<Recurrent>("recurrent", cell switch
            {
                "lstm" => new Lstm(device, 6, 7, layers: 2, dropout: 0.3f),
                "gru" => new Gru(device, 6, 7, layers: 2, dropout: 0.3f),
                _ => new Elman(device, 6, 7, layers: 2, dropout: 0.3f),
            });
            Recurrent.SpanSteps = spanSteps;
            Output = AddModule("output", new Dense(device, 7, Symbols));
        }

        public Embedding Embedding { get; }

        public Recurrent Recurrent { get; }

        public Dense Output { get; }
    }

    private sealed class WindowTask : ITrainable<int[]>
    {
        private readonly Net _net;
        private readonly bool _reset;
        private readonly RecurrentState _state;
        private readonly SoftmaxCrossEntropy _loss = new();

        public WindowTask(Net net, bool reset)
        {
            (_net, _reset) = (net, reset);
            _state = net.Recurrent.NewState(Batch);
            CarriedState = _state.Cell.IsEmpty
                ? [new NamedTensor("hidden", _state.Hidden)]
                : [new NamedTensor("hidden", _state.Hidden), new NamedTensor("cell", _state.Cell)];
        }

        public Module Model => _net;

        public IReadOnlyList<NamedTensor> CarriedState { get; }

        public Tensor Loss(int[] batch)
        {
            if (_reset) { _state.Reset(); }
            Device device = _net.Device;
            var shape = new Shape(Steps, Batch);
            Tensor x = device.Tensor(batch.AsSpan(0, Steps * Batch), shape), targets = device.Tensor(batch.AsSpan(Batch, Steps * Batch), shape);
            Tensor h = _net.Recurrent.Run(_net.Embedding.Forward(x), _state).Output;
            return _loss.Forward(_net.Output.Forward(h), targets);
        }

        public void ResetState() => _state.Reset();
    }

    /// <summary>Windows of B streams, each with the first symbols of the next one.</summary>
    private sealed class WindowSource : IBatchSource<int[]>
    {
        private long _window;

        public bool EpochEnded => _window > 0 && _window % Windows == 0;

        public void Next(int[] batch)
        {
            for (int t = 0; t <= Steps; t++)
            {
                for (int b = 0; b < Batch; b++)
                {
                    long at = (((_window % Windows) * Steps) + t) + (b * Windows * Steps);
                    batch[(t * Batch) + b] = (int)(at * at * 7 / 3 % Symbols);
                }
            }

            _window++;
        }

        public void Save(JsonObject cursor) => cursor["window"] = _window;

        public void Restore(CheckpointSection cursor) => _window = cursor.Int64("window");
    }
}
