using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.CharLm;

/// <summary>Lets a <see cref="CharModel"/> write text, one character after the other.</summary>
public sealed class CharWriter : IDisposable
{
    private readonly CharModel _model;
    private readonly Vocabulary _vocabulary;
    private readonly RecurrentState _state;
    private readonly float[] _logits;
    private readonly int[] _id = new int[1];

    /// <summary>A writer that has read nothing.</summary>
    public CharWriter(CharModel model, Vocabulary vocabulary)
    {
        _model = model;
        _vocabulary = vocabulary;
        _state = model.NewState(streams: 1);
        _logits = new float[vocabulary.Size];
    }

    /// <summary>Reads a text, forgetting all that was read before. An empty one stands for the start of a line.</summary>
    public void Read(ReadOnlySpan<int> codePoints)
    {
        _state.Reset();
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
    public void Dispose() => _state.Dispose();

    private void Read(int id)
    {
        _id[0] = id;
        using (_model.Device.NoGrad())
        {
            _model.Step(_model.Device.Tensor(_id, new Shape(1)), _state).CopyTo(_logits.AsSpan());
        }
    }
}
