using RnnGpu.Nn;

namespace RnnGpu.Tasks.Language;

/// <summary>Lets a <see cref="LanguageModel"/> write several texts side by side, token by token, each from its own random stream.</summary>
public sealed class TokenWriter : IDisposable
{
    private readonly StreamBatch _streams;
    private readonly int[] _slots;
    private readonly TokenSampler[] _samplers;
    private readonly float[] _logits;
    private readonly int[] _ids;
    private readonly int _vocabulary;

    /// <summary>A writer of texts that have not begun.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="vocabulary">V.</param>
    /// <param name="temperature">0 takes the likeliest token, 1 samples the model's own distribution.</param>
    /// <param name="topP">The nucleus: above 0, to 1 (no cut).</param>
    /// <param name="seed">Of text i's draws is seed + i.</param>
    /// <param name="texts">B.</param>
    public TokenWriter(LanguageModel model, int vocabulary, double temperature, double topP, ulong seed, int texts)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(texts, 1);
        _vocabulary = vocabulary;
        _streams = new StreamBatch(model, texts);
        _slots = new int[texts];
        for (int i = 0; i < texts; i++) { _slots[i] = _streams.Acquire(); }
        _samplers = new TokenSampler[texts];
        for (int i = 0; i < texts; i++) { _samplers[i] = new TokenSampler(vocabulary, temperature, topP, seed + (ulong)i); }
        _logits = new float[texts * vocabulary];
        _ids = new int[texts];
    }

    /// <summary>Reads a token of every text.</summary>
    public void Read(ReadOnlySpan<int> ids) => _streams.Step(_slots, ids, _logits);

    /// <summary>Draws the next token of every text; it is not yet read.</summary>
    /// <param name="never">An id that is not drawn, besides 0; -1 for none.</param>
    /// <exception cref="NotFiniteNumberException">The model's output is not a finite number.</exception>
    public ReadOnlySpan<int> Draw(int never = -1)
    {
        for (int i = 0; i < _ids.Length; i++)
        {
            Span<float> logits = _logits.AsSpan(i * _vocabulary, _vocabulary);
            if (never >= 0) { logits[never] = -1e30f; }
            _ids[i] = _samplers[i].Draw(logits);
        }

        return _ids;
    }

    /// <summary>Frees the states.</summary>
    public void Dispose() => _streams.Dispose();
}
