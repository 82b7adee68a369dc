using RnnGpu.Core;

namespace RnnGpu.Tasks.Language;

/// <summary>
/// Draws the next token (word or character) from a model's logits: <c>p = softmax(logits / temperature)</c>, cut to the nucleus, the smallest
/// set of likeliest tokens whose probability reaches top-p (Holtzman et al. 2020). Temperature 0 takes the likeliest.
/// Id 0, which stands for no token, is never drawn. Same seed, same logits: same tokens.
/// </summary>
public sealed class TokenSampler
{
    private readonly double _temperature;
    private readonly double _topP;
    private readonly PhiloxStream _random;
    private readonly int[] _order;
    private readonly double[] _keys;

    /// <summary>A sampler over a vocabulary of <paramref name="vocabulary"/> ids.</summary>
    /// <param name="temperature">0 or above; 1 samples the model's own distribution.</param>
    /// <param name="topP">Above 0, to 1 (no cut).</param>
    /// <param name="seed">Of the draws.</param>
    public TokenSampler(int vocabulary, double temperature, double topP, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabulary, 2);
        if (!(temperature >= 0) || !double.IsFinite(temperature)) { throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "0 or above"); }
        if (!(topP > 0 && topP <= 1)) { throw new ArgumentOutOfRangeException(nameof(topP), topP, "above 0, to 1"); }
        _temperature = temperature;
        _topP = topP;
        _random = new PhiloxStream(new RandomKey(seed, 0, RandomSites.Sampling));
        _order = new int[vocabulary - 1];
        _keys = new double[vocabulary - 1];
    }

    /// <summary>Draws an id.</summary>
    /// <param name="logits">One for each id of the vocabulary.</param>
    /// <exception cref="NotFiniteNumberException">A logit is NaN or infinite.</exception>
    public int Draw(ReadOnlySpan<float> logits)
    {
        if (logits.Length != _order.Length + 1)
        {
            throw new ArgumentException($"{logits.Length} logits for a vocabulary of {_order.Length + 1}");
        }

        int best = 1;
        for (int id = 1; id < logits.Length; id++)
        {
            if (!float.IsFinite(logits[id])) { throw new NotFiniteNumberException("the model's output is not a finite number; the model is of no use"); }
            if (logits[id] > logits[best]) { best = id; }
        }

        if (_temperature == 0) { return best; }
        double sum = 0;
        for (int i = 0; i < _order.Length; i++)
        {
            // Negated, so that sorting ascends from the likeliest.
            _keys[i] = -Math.Exp(((double)logits[i + 1] - logits[best]) / _temperature);
            _order[i] = i + 1;
            sum -= _keys[i];
        }

        Array.Sort(_keys, _order);
        double kept = 0, limit = _topP * sum;
        int count = 0;
        while (count < _order.Length && (kept < limit || count == 0)) { kept -= _keys[count++]; }
        double at = _random.NextFloat() * kept;
        int chosen = 0;
        while (chosen < count - 1 && at >= -_keys[chosen])
        {
            at += _keys[chosen];
            chosen++;
        }

        return _order[chosen];
    }
}
