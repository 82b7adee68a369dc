namespace RnnGpu.Nn;

/// <summary>
/// Gradual unfreezing (Howard and Ruder 2018, ULMFiT): a model that was trained on something else is trained from its last part
/// downwards. In the first epoch only the last part learns, in the second the last two, and so on. It follows from the epoch alone,
/// so a resumed run goes on with the same parts. A parameter that two parts share (a tied decoder's) learns as soon as one of them does.
/// </summary>
public sealed class GradualUnfreezing : ITrainingCallback
{
    private readonly Module[] _parts;
    private readonly long _epochsEach;

    /// <summary>For the parts of a model.</summary>
    /// <param name="parts">From the input to the output. Parameters in none of them are left as they are.</param>
    /// <param name="epochsEach">Epochs between one part and the next.</param>
    public GradualUnfreezing(IReadOnlyList<Module> parts, long epochsEach = 1)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentOutOfRangeException.ThrowIfLessThan(epochsEach, 1);
        if (parts.Count == 0) { throw new ArgumentException("there is no part to unfreeze", nameof(parts)); }
        _parts = [.. parts];
        _epochsEach = epochsEach;
    }

    /// <inheritdoc/>
    public void OnStart(in TrainingFigures figures) => Apply(figures.Epoch);

    /// <inheritdoc/>
    public void OnEpoch(in TrainingFigures figures) => Apply(figures.Epoch);

    private void Apply(long epoch)
    {
        long learning = Math.Min(_parts.Length, 1 + (epoch / _epochsEach));
        foreach (Module part in _parts) { part.Freeze(); }
        for (int i = 1; i <= learning; i++) { _parts[^i].Unfreeze(); }
    }
}
