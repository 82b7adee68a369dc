using RnnGpu.Core;
using RnnGpu.Nn;

namespace RnnGpu.Tasks.Language;

/// <summary>Lets a <see cref="LanguageModel"/> write several texts side by side, token by token, each from its own random stream.</summary>
public sealed class TokenWriter : IDisposable
{
    private readonly LanguageModel _model;
    private readonly RecurrentState[] _states;
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
        _model = model;
        _vocabulary = vocabulary;
        _states = model.NewState(texts);
        _samplers = new TokenSampler[texts];
        for (int i = 0; i < texts; i++) { _samplers[i] = new TokenSampler(vocabulary, temperature, topP, seed + (ulong)i); }
        _logits = new float[texts * vocabulary];
        _ids = new int[texts];
    }

    /// <summary>Reads a token of every text.</summary>
    public void Read(ReadOnlySpan<int> ids)
    {
        using NoGradScope scope = _model.Device.NoGrad();
        _model.Step(_model.Device.Tensor(ids, new Shape(ids.Length)), _states).CopyTo(_logits.AsSpan());
    }

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
    public void Dispose()
    {
        foreach (RecurrentState state in _states) { state.Dispose(); }
    }
}
