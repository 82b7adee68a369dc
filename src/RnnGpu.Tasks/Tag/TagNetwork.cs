using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.Tag;

/// <summary>Sizes of a <see cref="TagNetwork"/>.</summary>
/// <param name="Words">Number of word ids.</param>
/// <param name="Characters">Number of character ids.</param>
/// <param name="Tags">K.</param>
/// <param name="Embedding">Size of a word's vector.</param>
/// <param name="CharacterEmbedding">Size of a character's vector.</param>
/// <param name="CharacterHidden">Units of each direction of the LSTM over characters.</param>
/// <param name="Hidden">H: units of each direction of the LSTM over words.</param>
/// <param name="Layers">Layers of the latter.</param>
/// <param name="Dropout">Of vectors and states.</param>
public sealed record TagSizes(
    int Words, int Characters, int Tags, int Embedding, int CharacterEmbedding, int CharacterHidden, int Hidden, int Layers, float Dropout);

/// <summary>
/// The tagger of Lample et al. (2016): a word is its own vector beside what a bidirectional LSTM makes of its characters; a bidirectional LSTM over the
/// words scores the tags; a conditional random field ties neighbouring tags together.
/// </summary>
public sealed class TagNetwork : Module
{
    private readonly Embedding _words;
    private readonly CharacterEncoder _characters;
    private readonly Dropout _inputDropout;
    private readonly Lstm _lstm;
    private readonly Dropout _outputDropout;
    private readonly Dense _output;

    /// <summary>A network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="sizes">Sizes.</param>
    /// <param name="constraints">What tags may follow each other; null: all.</param>
    public TagNetwork(Device device, TagSizes sizes, TagConstraints? constraints)
        : base(device)
    {
        _words = AddModule("words", new Embedding(device, sizes.Words, sizes.Embedding));
        new UniformInit(MathF.Sqrt(3f / sizes.Embedding)).Apply(_words.Weight);
        _characters = AddModule("characters", new CharacterEncoder(device, sizes.Characters, sizes.CharacterEmbedding, sizes.CharacterHidden));
        _inputDropout = AddModule("input_dropout", new Dropout(device, sizes.Dropout));
        int inputs = sizes.Embedding + _characters.OutputSize;
        _lstm = AddModule("lstm", new Lstm(device, inputs, sizes.Hidden, sizes.Layers, bidirectional: true, dropout: sizes.Dropout));
        _lstm.SetForgetGateBias(1f);
        _outputDropout = AddModule("output_dropout", new Dropout(device, sizes.Dropout));
        _output = AddModule("output", new Dense(device, 2 * sizes.Hidden, sizes.Tags));
        Crf = AddModule("crf", new Crf(device, sizes.Tags, constraints));
    }

    /// <summary>Vectors of words, <c>[V, E]</c>.</summary>
    public Parameter Words => _words.Weight;

    /// <summary>Ties the tags of neighbours together.</summary>
    public Crf Crf { get; }

    /// <summary>Scores of tags, <c>[T, B, K]</c>.</summary>
    /// <param name="words">Word ids <c>[T, B]</c>.</param>
    /// <param name="spellings">Characters of the batch's different words, <c>[C, W]</c>.</param>
    /// <param name="spellingLengths">Characters of each, <c>[W]</c>.</param>
    /// <param name="places">Which of them stands where, <c>[T, B]</c>.</param>
    /// <param name="lengths">Words of each row, <c>[B]</c>.</param>
    public Tensor Scores(Tensor words, Tensor spellings, Tensor spellingLengths, Tensor places, Tensor lengths)
    {
        Tensor x = Tensor.Concat(-1, _words.Forward(words), _characters.Forward(spellings, spellingLengths, places));
        RecurrentOutput y = _lstm.Run(_inputDropout.Forward(x), lengths: lengths);
        return _output.Forward(_outputDropout.Forward(y.Output));
    }
}
