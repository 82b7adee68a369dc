using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.Classification;

/// <summary>
/// Sequences with a class each, on the host, filled again and again: symbols or rows of numbers, padded to the longest. The arrays grow to the largest batch
/// and stay.
/// </summary>
public sealed class ClassBatch
{
    private const int LeastUnit = 16, UnitsAnOctave = 8;

    private int[] _symbols = [];
    private float[] _values = [];
    private int[] _lengths = [];
    private int[] _classes = [];

    /// <summary>T: padded steps.</summary>
    public int Steps { get; private set; }

    /// <summary>B: sequences.</summary>
    public int Count { get; private set; }

    /// <summary>F: numbers a step, or 0 where steps are symbols.</summary>
    public int Features { get; private set; }

    /// <summary>Steps of each sequence, <c>[B]</c>.</summary>
    public Span<int> Lengths => _lengths.AsSpan(0, Count);

    /// <summary>Class of each sequence, <c>[B]</c>; negative where it is not known.</summary>
    public Span<int> Classes => _classes.AsSpan(0, Count);

    /// <summary>Steps that are no padding.</summary>
    public long Tokens
    {
        get
        {
            long sum = 0;
            foreach (int length in Lengths) { sum += length; }
            return sum;
        }
    }

    /// <summary>
    /// Steps of a batch whose longest sequence has so many: rounded up to a multiple of 16, of long ones to a multiple of an eighth of the power of two below,
    /// so that few different sizes come; each is planned once and keeps its memory.
    /// </summary>
    public static int Padded(int longest)
    {
        int unit = Math.Max(LeastUnit, (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)longest) / (2 * UnitsAnOctave)));
        return Math.Max(1, (longest + unit - 1) / unit) * unit;
    }

    /// <summary>Sets the sizes; all steps become padding: symbol -1 (a vector of zeros) or zeros.</summary>
    /// <param name="count">B.</param>
    /// <param name="longest">Steps of the longest sequence.</param>
    /// <param name="features">F, or 0 for symbols.</param>
    public void Resize(int count, int longest, int features)
    {
        (Count, Features) = (count, features);
        Steps = Padded(longest);
        if (_lengths.Length < count) { (_lengths, _classes) = (new int[count], new int[count]); }
        int places = checked(Steps * count), numbers = checked(places * features);
        if (features > 0)
        {
            if (_values.Length < numbers) { _values = new float[numbers]; }
            _values.AsSpan(0, numbers).Clear();
            return;
        }

        if (_symbols.Length < places) { _symbols = new int[places]; }
        _symbols.AsSpan(0, places).Fill(-1);
    }

    /// <summary>Sets a sequence of symbols.</summary>
    public void Set(int row, ReadOnlySpan<int> symbols, int label)
    {
        for (int t = 0; t < symbols.Length; t++) { _symbols[(t * Count) + row] = symbols[t]; }
        (_lengths[row], _classes[row]) = (symbols.Length, label);
    }

    /// <summary>Sets a sequence of rows of F numbers.</summary>
    public void Set(int row, ReadOnlySpan<float> values, int label)
    {
        int steps = values.Length / Features;
        for (int t = 0; t < steps; t++) { values.Slice(t * Features, Features).CopyTo(_values.AsSpan(((t * Count) + row) * Features)); }
        (_lengths[row], _classes[row]) = (steps, label);
    }

    /// <summary>The symbols on a device, integers <c>[T, B]</c>.</summary>
    public Tensor Symbols(Device device) => device.Tensor(_symbols.AsSpan(0, Steps * Count), new Shape(Steps, Count));

    /// <summary>The numbers on a device, <c>[T, B, F]</c>.</summary>
    public Tensor Values(Device device) => device.Tensor(_values.AsSpan(0, Steps * Count * Features), new Shape(Steps, Count, Features));

    /// <summary>The lengths on a device, integers <c>[B]</c>.</summary>
    public Tensor LengthTensor(Device device) => device.Tensor(Lengths, new Shape(Count));

    /// <summary>The classes on a device, integers <c>[B]</c>.</summary>
    public Tensor ClassTensor(Device device) => device.Tensor(Classes, new Shape(Count));
}
