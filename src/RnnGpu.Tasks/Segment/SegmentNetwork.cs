using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Segment;

/// <summary>
/// Word segmentation as tagging of characters (Xue 2003) with a bidirectional LSTM (Chen et al. 2015): each character's own vector stands beside those of the two pairs that
/// it forms with its neighbours; states score the tags B M E S, which a conditional random field ties together.
/// </summary>
public sealed class SegmentNetwork : Module
{
    private readonly Embedding _characters, _pairs;
    private readonly Dropout _inputDropout;
    private readonly Lstm _lstm;
    private readonly Dropout _outputDropout;
    private readonly Dense _output;

    /// <summary>A network.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="characters">Number of character ids.</param>
    /// <param name="pairs">Number of ids of pairs.</param>
    /// <param name="tags">B M E S.</param>
    /// <param name="embedding">Size of a character's and of a pair's vector.</param>
    /// <param name="hidden">H: units of each direction.</param>
    /// <param name="layers">Layers of the LSTM.</param>
    /// <param name="dropout">Of vectors and states.</param>
    public SegmentNetwork(Device device, int characters, int pairs, SpanTags tags, int embedding, int hidden, int layers, float dropout)
        : base(device)
    {
        var initial = new UniformInit(MathF.Sqrt(3f / embedding));
        _characters = AddModule("characters", new Embedding(device, characters, embedding));
        _pairs = AddModule("pairs", new Embedding(device, pairs, embedding));
        initial.Apply(_characters.Weight);
        initial.Apply(_pairs.Weight);
        _inputDropout = AddModule("input_dropout", new Dropout(device, dropout));
        _lstm = AddModule("lstm", new Lstm(device, 3 * embedding, hidden, layers, bidirectional: true, dropout: dropout));
        _lstm.SetForgetGateBias(1f);
        _outputDropout = AddModule("output_dropout", new Dropout(device, dropout));
        _output = AddModule("output", new Dense(device, 2 * hidden, tags.Count));
        Crf = AddModule("crf", new Crf(device, tags.Count, TagConstraints.Of(tags)));
    }

    /// <summary>Ties the tags of neighbours together.</summary>
    public Crf Crf { get; }

    /// <summary>Scores of tags, <c>[T, B, K]</c>.</summary>
    /// <param name="characters">Character ids <c>[T, B]</c>.</param>
    /// <param name="pairsBefore">Ids of each character's pair with the one before, <c>[T, B]</c>.</param>
    /// <param name="pairsAfter">With the one behind, <c>[T, B]</c>.</param>
    /// <param name="lengths">Characters of each row, <c>[B]</c>.</param>
    public Tensor Scores(Tensor characters, Tensor pairsBefore, Tensor pairsAfter, Tensor lengths)
    {
        Tensor x = Tensor.Concat(-1, _characters.Forward(characters), _pairs.Forward(pairsBefore), _pairs.Forward(pairsAfter));
        RecurrentOutput y = _lstm.Run(_inputDropout.Forward(x), lengths: lengths);
        return _output.Forward(_outputDropout.Forward(y.Output));
    }
}
