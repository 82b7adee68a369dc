using RnnGpu.Core;

namespace RnnGpu.Tasks.CharLm;

/// <summary>Sizes of a character model: all that is needed, with a vocabulary, to build it again.</summary>
/// <param name="Cell">Recurrent cell.</param>
/// <param name="Layers">Recurrent layers.</param>
/// <param name="Hidden">H: units of each recurrent layer.</param>
/// <param name="Embedding">E: size of a character's vector.</param>
/// <param name="Dropout">Probability, on the embedding, between layers and before the output; 0 for none.</param>
public sealed record CharModelConfig(CellKind Cell, int Layers, int Hidden, int Embedding, float Dropout)
{
    /// <summary>Largest number of layers.</summary>
    public const int MaxLayers = 64;

    /// <summary>Largest H and E.</summary>
    public const int MaxUnits = 1 << 16;

    /// <summary>Trained numbers of a model over a vocabulary of <paramref name="vocabulary"/> ids.</summary>
    public long ParameterCount(int vocabulary)
    {
        long gates = Layouts.Gates(Cell), hidden = Hidden;
        long count = ((long)vocabulary * Embedding) + (vocabulary * (hidden + 1));
        for (int layer = 0; layer < Layers; layer++)
        {
            long inputs = layer == 0 ? Embedding : hidden;
            count += gates * hidden * (inputs + hidden + 2);
        }

        return count;
    }

    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of its range; the message says which.</exception>
    public void Validate()
    {
        Check(Layers is >= 1 and <= MaxLayers, nameof(Layers), Layers, $"1 to {MaxLayers}");
        Check(Hidden is >= 1 and <= MaxUnits, nameof(Hidden), Hidden, $"1 to {MaxUnits}");
        Check(Embedding is >= 1 and <= MaxUnits, nameof(Embedding), Embedding, $"1 to {MaxUnits}");
        Check(Dropout is >= 0 and < 1, nameof(Dropout), Dropout, "0 to below 1");
        Check(Enum.IsDefined(Cell), nameof(Cell), Cell, "one of the known cells");
    }

    private static void Check(bool good, string name, object value, string range)
    {
        if (!good) { throw new ArgumentOutOfRangeException(name, $"{name} {value} is out of range: {range}"); }
    }
}
