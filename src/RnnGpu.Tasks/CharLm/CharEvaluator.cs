using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.CharLm;

/// <summary>How well a model predicts a text.</summary>
/// <param name="NatsPerCharacter">Mean cross-entropy.</param>
/// <param name="Characters">Characters predicted: all but the text's first.</param>
/// <param name="UnknownCharacters">Those among them that the model's vocabulary lacks; they count as the unknown character.</param>
public readonly record struct CharScore(double NatsPerCharacter, long Characters, long UnknownCharacters)
{
    /// <summary>Mean cross-entropy to base 2.</summary>
    public double BitsPerCharacter => NatsPerCharacter / Math.Log(2);

    /// <summary>The exponential of the mean cross-entropy.</summary>
    public double Perplexity => Math.Exp(NatsPerCharacter);
}

/// <summary>
/// Measures a <see cref="CharModel"/> on a text with carried state, in parallel streams (<see cref="EvaluationStreams"/>).
/// Reads no state of a training run and writes none.
/// </summary>
public sealed class CharEvaluator : IDisposable
{
    private const int WindowSteps = 64;

    private readonly CharModel _model;
    private readonly EvaluationStreams _streams;
    private readonly RecurrentState _state;
    private readonly SoftmaxCrossEntropy _loss = new(reduction: Reduction.Sum);
    private readonly TokenBatch _batch;
    private readonly long _unknown;

    /// <summary>For a text.</summary>
    /// <param name="model">To measure.</param>
    /// <param name="ids">The text as vocabulary ids.</param>
    /// <param name="streams">Parallel streams; null: as many as suit the text.</param>
    /// <exception cref="DataException">The text is too short.</exception>
    public CharEvaluator(CharModel model, int[] ids, int? streams = null)
    {
        _model = model;
        _streams = new EvaluationStreams(ids, streams ?? EvaluationStreams.SuitableStreams(ids.Length), WindowSteps);
        _batch = new TokenBatch(WindowSteps, _streams.Streams);
        _state = model.NewState(_streams.Streams);
        _unknown = ids.Skip(1).LongCount(id => id == Vocabulary.UnknownId);
    }

    /// <summary>Parallel streams.</summary>
    public int Streams => _streams.Streams;

    /// <summary>One pass over the text, without dropout. Leaves the model's training mode as it was.</summary>
    /// <param name="stop">Ends the pass early.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public CharScore Evaluate(CancellationToken stop = default)
    {
        bool training = _model.Training;
        _model.Eval();
        try
        {
            _streams.Restart();
            _state.Reset();
            var shape = new Shape(_batch.Steps, _batch.Streams);
            double nats = 0;
            while (_streams.Next(_batch.Inputs, _batch.Targets))
            {
                stop.ThrowIfCancellationRequested();
                using (_model.Device.NoGrad())
                {
                    Tensor logits = _model.Forward(_model.Device.Tensor(_batch.Inputs, shape), _state);
                    nats += _loss.Forward(logits, _model.Device.Tensor(_batch.Targets, shape)).Item();
                }
            }

            return new CharScore(nats / _streams.Tokens, _streams.Tokens, _unknown);
        }
        finally
        {
            if (training) { _model.Train(); }
        }
    }

    /// <summary>Frees the state.</summary>
    public void Dispose() => _state.Dispose();
}
