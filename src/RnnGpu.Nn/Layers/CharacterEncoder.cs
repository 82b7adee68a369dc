using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Words as vectors of their characters (Lample et al. 2016; Ling et al. 2015): characters are embedded and read by a bidirectional LSTM, and a
/// word is the last states of both directions side by side. Each different word of a batch is read once, whatever the number
/// of its places: <c>[C, W]</c> characters of W words to <c>[.., 2H]</c>. Parameters are under <c>embedding.</c> and <c>lstm.</c>
/// </summary>
public sealed class CharacterEncoder : Module
{
    private readonly Embedding _embedding;
    private readonly Dropout _dropout;
    private readonly Lstm _lstm;

    /// <summary>An encoder.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="characters">Number of character ids.</param>
    /// <param name="embedding">Size of a character's vector.</param>
    /// <param name="hidden">H: units of each direction.</param>
    /// <param name="dropout">Probability of dropping an element of a character's vector.</param>
    public CharacterEncoder(Device device, int characters, int embedding, int hidden, float dropout = 0f)
        : base(device)
    {
        _embedding = AddModule("embedding", new Embedding(device, characters, embedding));
        _dropout = AddModule("dropout", new Dropout(device, dropout));
        _lstm = AddModule("lstm", new Lstm(device, embedding, hidden, bidirectional: true));
        _lstm.SetForgetGateBias(1f);
    }

    /// <summary>2H.</summary>
    public int OutputSize => _lstm.Spec.OutputSize;

    /// <summary>Vectors of words, each at its places.</summary>
    /// <param name="characters">Integers <c>[C, W]</c>: characters of each different word.</param>
    /// <param name="lengths">Integers <c>[W]</c>: characters of each.</param>
    /// <param name="places">Integers <c>[..]</c>: which of the W words stands there; negative for none, which gives zeros.</param>
    /// <returns><c>[.., 2H]</c>.</returns>
    public Tensor Forward(Tensor characters, Tensor lengths, Tensor places)
    {
        Tensor x = _dropout.Forward(_embedding.Forward(characters));
        RecurrentOutput y = _lstm.Run(x, lengths: lengths, outputs: false);
        Tensor words = _lstm.Last(y.Hidden);
        return words.Gather(places);
    }
}
