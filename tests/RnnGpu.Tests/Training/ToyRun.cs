using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Cpu;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tests.Training;

/// <summary>Arrays of a batch of the toy task.</summary>
internal sealed class ToyBatch
{
    public float[] Inputs { get; } = new float[ToyModel.Steps * ToyModel.Batch * ToyModel.Inputs];

    public float[] Targets { get; } = new float[ToyModel.Steps * ToyModel.Batch];
}

/// <summary>A recurrent layer by hand, dropout and a dense layer, so that training has every kind of state.</summary>
internal sealed class ToyModel : Module
{
    public const int Steps = 3, Batch = 2, Inputs = 3, Hidden = 5;

    private readonly Dense _input, _recurrent, _output;
    private readonly Dropout _dropout;

    public ToyModel(Device device)
        : base(device)
    {
        _input = AddModule("input", new Dense(device, Inputs, Hidden));
        _recurrent = AddModule("recurrent", new Dense(device, Hidden, Hidden, bias: false));
        _dropout = AddModule("dropout", new Dropout(device, 0.2f));
        _output = AddModule("output", new Dense(device, Hidden, 1));
    }

    /// <summary>x <c>[T, B, I]</c>, h <c>[B, H]</c> -> y <c>[T, B]</c>, last h.</summary>
    public Tensor Forward(Tensor x, Tensor h, out Tensor last)
    {
        Tensor y = default;
        for (int t = 0; t < Steps; t++)
        {
            h = (_input.Forward(x[t]) + _recurrent.Forward(h)).Tanh();
            Tensor o = _output.Forward(_dropout.Forward(h)).Reshape(1, Batch);
            y = y.IsEmpty ? o : Tensor.Concat(0, y, o);
        }

        last = h;
        return y;
    }
}

/// <summary>The toy model with state carried from batch to batch.</summary>
internal sealed class ToyTrainable : ITrainable<ToyBatch>
{
    private readonly ToyModel _model;
    private readonly Mse _loss = new();
    private readonly Tensor _state;
    private readonly NamedTensor[] _carried;
    private Tensor _last;

    public ToyTrainable(ToyModel model)
    {
        _model = model;
        _state = model.Device.PersistentZeros(new Shape(ToyModel.Batch, ToyModel.Hidden));
        _carried = [new NamedTensor("h", _state)];
    }

    public Module Model => _model;

    public IReadOnlyList<NamedTensor> CarriedState => _carried;

    /// <summary>Multiplies the loss of some call; to make it fail.</summary>
    public Func<float>? Factor { get; set; }

    public Tensor Loss(ToyBatch batch)
    {
        Device device = _model.Device;
        Tensor x = device.Tensor(batch.Inputs, new Shape(ToyModel.Steps, ToyModel.Batch, ToyModel.Inputs));
        Tensor y = _model.Forward(x, _state, out _last);
        Tensor loss = _loss.Forward(y, device.Tensor(batch.Targets, new Shape(ToyModel.Steps, ToyModel.Batch)));
        return Factor is null ? loss : loss * Factor();
    }

    public void CarryOver() => _model.Device.Backend.Copy(_last.View, _state.View);

    public void ResetState() => _model.Device.Backend.Fill(0f, _state.View);
}

/// <summary>Random numbers to learn, a function of epoch and position; seven batches an epoch.</summary>
internal sealed class ToySource : IBatchSource<ToyBatch>
{
    public const int BatchesPerEpoch = 7;

    private long _epoch, _next;

    public bool EpochEnded { get; private set; }

    public void Next(ToyBatch batch)
    {
        var key = new RandomKey(99, (ulong)((_epoch * BatchesPerEpoch) + _next), 0);
        Fill(key, batch.Inputs);
        Fill(key with { Site = 1 }, batch.Targets);
        EpochEnded = ++_next == BatchesPerEpoch;
        if (!EpochEnded) { return; }
        _epoch++;
        _next = 0;
    }

    public void Save(JsonObject cursor)
    {
        cursor["epoch"] = _epoch;
        cursor["next"] = _next;
    }

    public void Restore(CheckpointSection cursor)
    {
        (_epoch, _next) = (TrainingProgress.Count(cursor, "epoch"), TrainingProgress.Count(cursor, "next"));
    }

    private static void Fill(RandomKey key, float[] values)
    {
        Span<uint> words = stackalloc uint[4];
        for (int i = 0; i < values.Length; i++)
        {
            if (i % 4 == 0) { Philox.Block(key, (ulong)(i / 4), words); }
            values[i] = (2f * Philox.ToUniform(words[i % 4])) - 1f;
        }
    }
}

/// <summary>Device, model, optimiser and trainer of the toy task, as a program would set them up.</summary>
internal sealed class ToyRun : IDisposable
{
    public ToyRun(TrainerOptions options, ulong seed = 3, int threads = 1, Func<ToyModel, Optimizer>? optimizer = null)
    {
        Device = new Device(CpuBackend.Create(threads), seed);
        Model = new ToyModel(Device);
        Trainable = new ToyTrainable(Model);
        Optimizer = optimizer is null ? new AdamW(Model, 1e-2f) : optimizer(Model);
        Trainer = new Trainer<ToyBatch>(Trainable, Optimizer, new ToySource(), new ToyBatch(), options);
    }

    public Device Device { get; }

    public ToyModel Model { get; }

    public ToyTrainable Trainable { get; }

    public Optimizer Optimizer { get; }

    public Trainer<ToyBatch> Trainer { get; }

    public float[] Weights => [.. Model.Parameters().SelectMany(static p => p.ToArray())];

    /// <summary>A validation loss that depends on the weights and goes up and down.</summary>
    public double Validate() => Validate(Model);

    /// <inheritdoc cref="Validate()"/>
    public static double Validate(ToyModel model)
    {
        double sum = 0;
        foreach (float w in model.Parameters().SelectMany(static p => p.ToArray())) { sum += w * w; }
        return 2 + Math.Sin(40 * sum);
    }

    public void Dispose() => Device.Dispose();
}
