using RnnGpu.Nn.Data;

namespace RnnGpu.Nn;

/// <summary>How well some spans were found.</summary>
/// <param name="Gold">Spans that there are.</param>
/// <param name="Found">Spans that were found.</param>
/// <param name="Correct">Those of them with the right ends and the right type.</param>
public readonly record struct SpanCounts(long Gold, long Found, long Correct)
{
    /// <summary>Part of the found ones that are correct; 0 without any.</summary>
    public double Precision => Found == 0 ? 0 : (double)Correct / Found;

    /// <summary>Part of the gold ones that were found; 0 without any.</summary>
    public double Recall => Gold == 0 ? 0 : (double)Correct / Gold;

    /// <summary>Harmonic mean of precision and recall; 0 without correct ones.</summary>
    public double F1 => Correct == 0 ? 0 : 2.0 * Correct / (Gold + Found);
}

/// <summary>
/// Precision, recall and F1 of spans by the rules of conlleval (CoNLL-2000): a span counts when first token, last token and type are right; spans are
/// read from the tags as <see cref="SpanTags.StartsBetween"/> and <see cref="SpanTags.EndsBetween"/> say, so that tags which break their scheme mark
/// spans too; the figure is over all spans of all types together (micro). Gathers sequence by sequence and allocates nothing.
/// </summary>
public sealed class SpanF1 : Metric
{
    private readonly SpanTags _tags;
    private readonly long[] _gold, _found, _correct;
    private int[] _predictions = [], _targets = [];
    private int[] _predictedRow = [], _goldRow = [];

    /// <summary>Over a set of tags.</summary>
    public SpanF1(SpanTags tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        _tags = tags;
        _gold = new long[tags.Types.Count];
        _found = new long[tags.Types.Count];
        _correct = new long[tags.Types.Count];
    }

    /// <inheritdoc/>
    public override string Name => "span_f1";

    /// <summary>F1 over all types; NaN before any token.</summary>
    public override double Value => Tokens == 0 ? double.NaN : Total.F1;

    /// <summary>Tokens seen.</summary>
    public long Tokens { get; private set; }

    /// <summary>Tokens whose tag was right.</summary>
    public long CorrectTokens { get; private set; }

    /// <summary>Part of the tokens whose tag was right; NaN without any.</summary>
    public double Accuracy => Tokens == 0 ? double.NaN : (double)CorrectTokens / Tokens;

    /// <summary>Spans of all types.</summary>
    public SpanCounts Total => new(_gold.Sum(), _found.Sum(), _correct.Sum());

    /// <summary>Spans of a type.</summary>
    /// <param name="type">Index in <see cref="SpanTags.Types"/>.</param>
    public SpanCounts OfType(int type) => new(_gold[type], _found[type], _correct[type]);

    /// <inheritdoc/>
    public override void Reset()
    {
        Tokens = CorrectTokens = 0;
        Array.Clear(_gold);
        Array.Clear(_found);
        Array.Clear(_correct);
    }

    /// <inheritdoc/>
    /// <param name="predictions">Tags, integers <c>[T, B]</c>, as <see cref="Crf.Decode"/> gives them.</param>
    /// <param name="targets">Integers <c>[T, B]</c>; a row ends at its first negative one.</param>
    public override void Update(Tensor predictions, Tensor targets)
    {
        if (predictions.Shape != targets.Shape || targets.Rank != 2)
        {
            throw new ArgumentException($"{nameof(SpanF1)} compares tags [T, B] with tags [T, B], not {predictions} with {targets}");
        }

        ReadOnlySpan<int> found = Read(predictions, ref _predictions), gold = Read(targets, ref _targets);
        (int steps, int batch) = (targets.Shape[0], targets.Shape[1]);
        if (_goldRow.Length < steps) { (_predictedRow, _goldRow) = (new int[steps], new int[steps]); }
        for (int b = 0; b < batch; b++)
        {
            int n = 0;
            for (; n < steps && gold[(n * batch) + b] >= 0; n++)
            {
                _goldRow[n] = gold[(n * batch) + b];
                _predictedRow[n] = found[(n * batch) + b];
            }

            Update(_predictedRow.AsSpan(0, n), _goldRow.AsSpan(0, n));
        }
    }

    /// <summary>Adds a sequence.</summary>
    /// <param name="predicted">Its tags as predicted.</param>
    /// <param name="gold">Its tags as they are, as many.</param>
    /// <exception cref="ArgumentException">Of different length.</exception>
    public void Update(ReadOnlySpan<int> predicted, ReadOnlySpan<int> gold)
    {
        if (predicted.Length != gold.Length) { throw new ArgumentException($"{predicted.Length} predicted tags for {gold.Length} tokens"); }
        int goldStart = -1, foundStart = -1, goldBefore = -1, foundBefore = -1;
        for (int t = 0; t <= gold.Length; t++)
        {
            int goldTag = t < gold.Length ? gold[t] : -1, foundTag = t < gold.Length ? predicted[t] : -1;
            bool goldEnds = _tags.EndsBetween(goldBefore, goldTag), foundEnds = _tags.EndsBetween(foundBefore, foundTag);
            if (goldEnds && foundEnds && goldStart == foundStart && _tags.Type(goldBefore) == _tags.Type(foundBefore)) { _correct[_tags.Type(goldBefore)]++; }
            if (_tags.StartsBetween(goldBefore, goldTag))
            {
                goldStart = t;
                _gold[_tags.Type(goldTag)]++;
            }

            if (_tags.StartsBetween(foundBefore, foundTag))
            {
                foundStart = t;
                _found[_tags.Type(foundTag)]++;
            }

            if (t < gold.Length && goldTag == foundTag) { CorrectTokens++; }
            (goldBefore, foundBefore) = (goldTag, foundTag);
        }

        Tokens += gold.Length;
    }
}
