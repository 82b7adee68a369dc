using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Language;

/// <summary>
/// Training of a <see cref="LanguageModel"/> by truncated back-propagation through time: mean cross-entropy of a window's next tokens, in
/// nats, with the states carried from window to window.
/// </summary>
public sealed class WindowTraining : ITrainable<TokenBatch>, IDisposable
{
    private readonly LanguageModel _model;
    private readonly RecurrentState[] _states;
    private readonly SoftmaxCrossEntropy _loss = new();
    private readonly List<NamedTensor> _carried = [];

    /// <summary>For a number of streams of text.</summary>
    public WindowTraining(LanguageModel model, int streams)
    {
        _model = model;
        _states = model.NewState(streams);
        for (int i = 0; i < _states.Length; i++)
        {
            _carried.Add(new NamedTensor($"hidden{i}", _states[i].Hidden));
            _carried.Add(new NamedTensor($"cell{i}", _states[i].Cell));
        }
    }

    /// <inheritdoc/>
    public Module Model => _model;

    /// <inheritdoc/>
    public IReadOnlyList<NamedTensor> CarriedState => _carried;

    /// <inheritdoc/>
    public Tensor Loss(TokenBatch batch)
    {
        var shape = new Shape(batch.Steps, batch.Streams);
        Device device = _model.Device;
        return _loss.Forward(_model.Forward(device.Tensor(batch.Inputs, shape), _states), device.Tensor(batch.Targets, shape));
    }

    /// <inheritdoc/>
    public void ResetState()
    {
        foreach (RecurrentState state in _states) { state.Reset(); }
    }

    /// <summary>Frees the carried states.</summary>
    public void Dispose()
    {
        foreach (RecurrentState state in _states) { state.Dispose(); }
    }

    /// <summary>Mean cross-entropy of a text's tokens after the first, in nats, with the state carried through it.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="ids">The text.</param>
    /// <param name="stop">Ends it early.</param>
    public static double Evaluate(LanguageModel model, int[] ids, CancellationToken stop)
    {
        const int Steps = 64;
        var windows = new EvaluationStreams(ids, EvaluationStreams.SuitableStreams(ids.Length), Steps);
        RecurrentState[] states = model.NewState(windows.Streams);
        var batch = new TokenBatch(Steps, windows.Streams);
        var shape = new Shape(Steps, windows.Streams);
        var loss = new SoftmaxCrossEntropy(reduction: Reduction.Sum);
        double nats = 0;
        try
        {
            while (windows.Next(batch.Inputs, batch.Targets))
            {
                stop.ThrowIfCancellationRequested();
                using (model.Device.NoGrad())
                {
                    nats += loss.Forward(model.Forward(model.Device.Tensor(batch.Inputs, shape), states), model.Device.Tensor(batch.Targets, shape)).Item();
                }
            }
        }
        finally
        {
            foreach (RecurrentState state in states) { state.Dispose(); }
        }

        return nats / windows.Tokens;
    }
}
