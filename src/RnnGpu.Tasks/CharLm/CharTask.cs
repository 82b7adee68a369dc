using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.CharLm;

/// <summary>
/// Training of a <see cref="CharModel"/> by truncated back-propagation through time: mean cross-entropy of a window's next
/// characters, in nats, with the state carried from window to window.
/// </summary>
public sealed class CharTask : ITrainable<TokenBatch>, IDisposable
{
    private readonly CharModel _model;
    private readonly RecurrentState _state;
    private readonly SoftmaxCrossEntropy _loss = new();
    private readonly List<NamedTensor> _carried = [];

    /// <summary>For a number of streams.</summary>
    public CharTask(CharModel model, int streams)
    {
        _model = model;
        _state = model.NewState(streams);
        _carried.Add(new NamedTensor("hidden", _state.Hidden));
        if (!_state.Cell.IsEmpty) { _carried.Add(new NamedTensor("cell", _state.Cell)); }
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
        Tensor logits = _model.Forward(device.Tensor(batch.Inputs, shape), _state);
        return _loss.Forward(logits, device.Tensor(batch.Targets, shape));
    }

    /// <inheritdoc/>
    public void ResetState() => _state.Reset();

    /// <summary>Frees the carried state.</summary>
    public void Dispose() => _state.Dispose();
}
