using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Slots;

/// <summary>
/// Slots and intent at once (Goo et al. 2018 without the gate): words are embedded and read by a bidirectional LSTM; each state scores the slot tags of its
/// word, tied together by a conditional random field, and the last states of both directions, with the mean of all, score the intent.
/// </summary>
public sealed class SlotsNetwork : Module
{
    private readonly Embedding _words;
    private readonly Dropout _inputDropout;
    private readonly Lstm _lstm;
    private readonly Dropout _outputDropout;
    private readonly Dense _slots;
    private readonly Dense _intent;
    private readonly SoftmaxCrossEntropy _intentLoss = new();

    /// <summary>A network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="words">Number of word ids.</param>
    /// <param name="tags">Slot tags.</param>
    /// <param name="intents">Number of intents.</param>
    /// <param name="embedding">Size of a word's vector.</param>
    /// <param name="hidden">H: units of each direction.</param>
    /// <param name="dropout">Of vectors and states.</param>
    public SlotsNetwork(Device device, int words, SpanTags tags, int intents, int embedding, int hidden, float dropout)
        : base(device)
    {
        _words = AddModule("words", new Embedding(device, words, embedding));
        new UniformInit(MathF.Sqrt(3f / embedding)).Apply(_words.Weight);
        _inputDropout = AddModule("input_dropout", new Dropout(device, dropout));
        _lstm = AddModule("lstm", new Lstm(device, embedding, hidden, bidirectional: true));
        _lstm.SetForgetGateBias(1f);
        _outputDropout = AddModule("output_dropout", new Dropout(device, dropout));
        _slots = AddModule("slots", new Dense(device, 2 * hidden, tags.Count));
        _intent = AddModule("intent", new Dense(device, 4 * hidden, intents));
        Crf = AddModule("crf", new Crf(device, tags.Count, TagConstraints.Of(tags)));
    }

    /// <summary>Vectors of words, <c>[V, E]</c>.</summary>
    public Parameter Words => _words.Weight;

    /// <summary>Ties the tags of neighbours together.</summary>
    public Crf Crf { get; }

    /// <summary>Scores of tags <c>[T, B, K]</c> and of intents <c>[B, C]</c>.</summary>
    /// <param name="words">Word ids <c>[T, B]</c>.</param>
    /// <param name="lengths">Words of each row, <c>[B]</c>.</param>
    /// <param name="inverseLengths">One over them, <c>[B, 1]</c>.</param>
    public (Tensor Slots, Tensor Intents) Scores(Tensor words, Tensor lengths, Tensor inverseLengths)
    {
        Tensor x = _inputDropout.Forward(_words.Forward(words));
        RecurrentOutput y = _lstm.Run(x, lengths: lengths);
        Tensor states = _outputDropout.Forward(y.Output);

        // Outputs behind a row's end are 0, so the sum over all steps divided by the length is the mean over the words.
        Tensor mean = states.Sum(0) * inverseLengths;
        Tensor sentence = Tensor.Concat(-1, _outputDropout.Forward(_lstm.Last(y.Hidden)), mean);
        return (_slots.Forward(states), _intent.Forward(sentence));
    }

    /// <summary>The mean negative log-likelihood of tags and intents.</summary>
    /// <param name="scores">From <see cref="Scores"/>.</param>
    /// <param name="tags">Tag ids <c>[T, B]</c>.</param>
    /// <param name="intents">Intent ids <c>[B]</c>.</param>
    /// <param name="lengths">Words of each row, <c>[B]</c>.</param>
    public Tensor Loss((Tensor Slots, Tensor Intents) scores, Tensor tags, Tensor intents, Tensor lengths) =>
        Crf.Loss(scores.Slots, tags, lengths) + _intentLoss.Forward(scores.Intents, intents);
}
