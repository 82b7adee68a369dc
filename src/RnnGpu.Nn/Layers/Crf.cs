using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>The best tags of a batch.</summary>
/// <param name="Tags">Integers <c>[T, B]</c>; -1 behind a row's length.</param>
/// <param name="Scores"><c>[B]</c>: their scores.</param>
public readonly record struct CrfPath(Tensor Tags, Tensor Scores);

/// <summary>
/// Linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) over the tags of a sequence, on top of a network that scores
/// each tag at each step (Huang, Xu and Yu 2015): <c>P(y | x) = exp(s(y)) / Z</c>, where
/// <c>s(y) = start[y_0] + sum_t x[t, y_t] + sum_t transitions[y_(t-1), y_t] + end[y_last]</c>. Parameters: <c>transitions [K, K]</c> (row: the tag before),
/// <c>start_transitions [K]</c>, <c>end_transitions [K]</c>, uniform within 0.1 at first.
/// </summary>
public sealed class Crf : Module
{
    private readonly Tensor _maskTransitions, _maskStart, _maskEnd;

    /// <summary>A conditional random field.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="tags">K.</param>
    /// <param name="constraints">What tags may follow each other; null: all. Always kept when decoding.</param>
    /// <param name="constrainTraining">
    /// Whether loss and marginals keep to them too. Then the tags to learn must: a row with forbidden ones has an infinite loss.
    /// </param>
    /// <exception cref="ArgumentException">Constraints for another number of tags.</exception>
    public Crf(Device device, int tags, TagConstraints? constraints = null, bool constrainTraining = false)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tags);
        if (constraints is not null && constraints.Tags != tags)
        {
            throw new ArgumentException($"constraints for {constraints.Tags} tags do not fit {tags}", nameof(constraints));
        }

        Tags = tags;
        ConstrainTraining = constrainTraining && constraints is not null;
        Transitions = New("transitions", new Shape(tags, tags));
        Start = New("start_transitions", new Shape(tags));
        End = New("end_transitions", new Shape(tags));
        if (constraints is null) { return; }
        _maskTransitions = Mask(constraints.Transitions, Transitions.Shape);
        _maskStart = Mask(constraints.Start, Start.Shape);
        _maskEnd = Mask(constraints.End, End.Shape);
    }

    /// <summary>K.</summary>
    public int Tags { get; }

    /// <summary>Whether loss and marginals keep to the constraints.</summary>
    public bool ConstrainTraining { get; }

    /// <summary><c>[K, K]</c>.</summary>
    public Parameter Transitions { get; }

    /// <summary><c>[K]</c>.</summary>
    public Parameter Start { get; }

    /// <summary><c>[K]</c>.</summary>
    public Parameter End { get; }

    /// <summary>
    /// The negative log-likelihood of tags, a scalar: the mean over the batch's rows, or their sum. Rows of no steps, and rows with a negative tag
    /// within their length, add 0.
    /// </summary>
    /// <param name="emissions"><c>[T, B, K]</c>: x.</param>
    /// <param name="tags">Integers <c>[T, B]</c>; whatever stands behind a row's length is below K and not used.</param>
    /// <param name="lengths">Integers <c>[B]</c>, or the default tensor: all T.</param>
    /// <param name="reduction">Mean or sum.</param>
    public Tensor Loss(Tensor emissions, Tensor tags, Tensor lengths = default, Reduction reduction = Reduction.Mean)
    {
        Tensor losses = Losses(emissions, tags, lengths);
        Tensor loss = reduction == Reduction.Mean ? losses.Mean() : losses.Sum();
        losses.Release();
        return loss;
    }

    /// <summary>The negative log-likelihood of each row's tags, <c>[B]</c>.</summary>
    /// <inheritdoc cref="Loss"/>
    public Tensor Losses(Tensor emissions, Tensor tags, Tensor lengths = default)
    {
        if (tags.IsEmpty) { throw new ArgumentException("there are no tags to take the likelihood of", nameof(tags)); }
        return OfScores(emissions, tags, lengths, ConstrainTraining);
    }

    /// <summary>log Z of each row, <c>[B]</c>.</summary>
    /// <inheritdoc cref="Loss"/>
    public Tensor LogPartition(Tensor emissions, Tensor lengths = default) => OfScores(emissions, default, lengths, ConstrainTraining);

    /// <summary>
    /// Probability of each tag at each step given the whole row, <c>[T, B, K]</c>, 0 behind a row's length. No gradient flows through it.
    /// </summary>
    /// <inheritdoc cref="Loss"/>
    public Tensor Marginals(Tensor emissions, Tensor lengths = default)
    {
        (int steps, int batch) = (emissions.Shape[0], emissions.Shape[1]);
        Tensor marginals = Device.NewTensor(emissions.Shape);
        using NoGradScope scope = Device.NoGrad();
        CrfScores scores = Scores(emissions, lengths, ConstrainTraining);
        Tensor alpha = Device.NewTensor(emissions.Shape), shifts = Device.NewTensor(new Shape(steps, batch)), losses = Device.NewTensor(new Shape(batch));
        Storage workspace = Device.Pool.Lease(Device.Backend.CrfBackwardWorkspaceBytes(steps, batch, Tags));
        Device.Backend.CrfForward(scores, default, alpha.View, shifts.View, losses.View);
        Device.Backend.CrfBackward(
            scores, default, alpha.View, shifts.View, Device.Ones(new Shape(batch)).View, CrfOps.Region(workspace), marginals.View, default, default, default);
        Device.Pool.Release(workspace);
        return marginals;
    }

    /// <summary>The best tags of each row (Viterbi), within the constraints. No gradient flows through them.</summary>
    /// <inheritdoc cref="Loss"/>
    public CrfPath Decode(Tensor emissions, Tensor lengths = default)
    {
        (int steps, int batch) = (emissions.Shape[0], emissions.Shape[1]);
        Tensor tags = Device.NewTensor(new Shape(steps, batch), DType.I32), best = Device.NewTensor(new Shape(batch));
        using NoGradScope scope = Device.NoGrad();
        CrfScores scores = Scores(emissions, lengths, constrained: true);
        Storage workspace = Device.Pool.Lease(Device.Backend.CrfDecodeWorkspaceBytes(steps, batch, Tags));
        Device.Backend.CrfDecode(scores, CrfOps.Region(workspace), tags.View, best.View);
        Device.Pool.Release(workspace);
        return new CrfPath(tags, best);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _maskTransitions.IsAlive)
        {
            _maskTransitions.Release();
            _maskStart.Release();
            _maskEnd.Release();
        }

        base.Dispose(disposing);
    }

    private Tensor OfScores(Tensor emissions, Tensor tags, Tensor lengths, bool constrained)
    {
        bool masked = constrained && !_maskTransitions.IsEmpty;
        return masked
            ? CrfOps.Losses(emissions, Transitions.Value + _maskTransitions, Start.Value + _maskStart, End.Value + _maskEnd, tags, lengths)
            : CrfOps.Losses(emissions, Transitions, Start, End, tags, lengths);
    }

    private CrfScores Scores(Tensor emissions, Tensor lengths, bool constrained)
    {
        bool masked = constrained && !_maskTransitions.IsEmpty;
        TensorSlot x = emissions.Float(nameof(Crf));
        TensorSlot? n = lengths.IsEmpty ? null : lengths.Int(nameof(Crf), nameof(lengths));
        return masked
            ? CrfOps.Scores(x, (Transitions.Value + _maskTransitions).Slot, (Start.Value + _maskStart).Slot, (End.Value + _maskEnd).Slot, n)
            : CrfOps.Scores(x, Transitions.Value.Slot, Start.Value.Slot, End.Value.Slot, n);
    }

    private Tensor Mask(ReadOnlySpan<float> values, Shape shape)
    {
        Tensor mask = Device.PersistentZeros(shape);
        Device.Upload(values, mask);
        return mask;
    }

    private Parameter New(string name, Shape shape)
    {
        Parameter parameter = AddParameter(name, shape);
        new UniformInit(0.1f).Apply(parameter);
        return parameter;
    }
}
