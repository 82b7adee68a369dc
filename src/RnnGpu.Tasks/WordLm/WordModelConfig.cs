namespace RnnGpu.Tasks.WordLm;

/// <summary>Sizes and dropout of a word model: all that is needed, with a vocabulary, to build it again.</summary>
/// <param name="Size">E and H: a word's vector and the units of each layer, equal since the decoder is the embedding.</param>
/// <param name="Layers">LSTM layers.</param>
/// <param name="WordDropout">Probability with which a word type is missing from a training step.</param>
/// <param name="InputDropout">Locked dropout of the embedded words.</param>
/// <param name="LayerDropout">Locked dropout between layers.</param>
/// <param name="OutputDropout">Locked dropout before the decoder.</param>
public sealed record WordModelConfig(
    int Size, int Layers = 2, float WordDropout = 0f, float InputDropout = 0f, float LayerDropout = 0f, float OutputDropout = 0f);
