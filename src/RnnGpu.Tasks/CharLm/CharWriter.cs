using RnnGpu.Nn;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.CharLm;

/// <summary>Lets a <see cref="CharModel"/> write text, one character after the other.</summary>
public sealed class CharWriter : IDisposable
{
    private readonly Vocabulary _vocabulary;
    private readonly StreamSession _session;
    private readonly float[] _logits;

    /// <summary>A writer that has read nothing.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="vocabulary">Its characters.</param>
    public CharWriter(CharModel model, Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _session = new StreamSession(model);
        _logits = new float[vocabulary.Size];
    }

    /// <summary>Reads a text, forgetting all that was read before. An empty one stands for the start of a line.</summary>
    public void Read(ReadOnlySpan<int> codePoints)
    {
        _session.Reset();
        if (codePoints.IsEmpty) { Read(_vocabulary.Id('\n')); }
        foreach (int codePoint in codePoints) { Read(_vocabulary.Id(codePoint)); }
    }

    /// <summary>Draws the next character and reads it.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="NotFiniteNumberException">The model's output is not a finite number.</exception>
    public int Next(TokenSampler sampler)
    {
        int id = sampler.Draw(_logits);
        Read(id);
        return id;
    }

    /// <summary>Frees the state.</summary>
    public void Dispose() => _session.Dispose();

    private void Read(int id) => _session.Step(id, _logits);
}
