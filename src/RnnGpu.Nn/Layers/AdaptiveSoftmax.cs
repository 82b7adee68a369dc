using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Softmax over many classes sorted by falling frequency (Grave et al. 2017), as PyTorch's <c>AdaptiveLogSoftmaxWithLoss</c>: the head
/// tells the frequent classes and the clusters of the others apart, and each cluster has a softmax of its own on a projection that
/// is smaller the rarer its classes are:
/// <c>log p(w) = log p_head(w)</c> for w below the first cutoff, else <c>log p_head(cluster) + log p_cluster(w)</c>.
/// <see cref="Loss"/> runs a cluster on the rows whose target lies in it and on no others, so neither its logits nor their
/// gradients are ever made for the rest. Parameters: <c>head.weight [c0 + K, I]</c>, <c>tail0.projection.weight [I / d, I]</c>,
/// <c>tail0.output.weight [c1 - c0, I / d]</c> and so on, without biases.
/// </summary>
public sealed class AdaptiveSoftmax : Module
{
    private readonly int[] _cutoffs;
    private readonly Dense _head;
    private readonly Cluster[] _tail;
    private readonly SoftmaxCrossEntropy _loss = new(reduction: Reduction.Sum);
    private int[] _headTargets = [];

    /// <summary>An output layer.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputs">I.</param>
    /// <param name="classes">V.</param>
    /// <param name="cutoffs">First class of each of the K clusters: ascending, above 0 and below V.</param>
    /// <param name="divisor">d: cluster k projects to <c>I / d^(k+1)</c>, at least 1.</param>
    /// <exception cref="ArgumentException">Cutoffs that do not ascend or lie outside.</exception>
    public AdaptiveSoftmax(Device device, int inputs, int classes, ReadOnlySpan<int> cutoffs, int divisor = 4)
        : base(device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfLessThan(divisor, 1);
        if (cutoffs.Length == 0) { throw new ArgumentException("an adaptive softmax needs at least one cutoff", nameof(cutoffs)); }
        _cutoffs = [.. cutoffs, classes];
        for (int k = 0; k < cutoffs.Length; k++)
        {
            if (_cutoffs[k] <= (k == 0 ? 0 : _cutoffs[k - 1]) || _cutoffs[k] >= classes)
            {
                throw new ArgumentException($"the cutoffs {string.Join(", ", cutoffs.ToArray())} must ascend, above 0 and below {classes} classes", nameof(cutoffs));
            }
        }

        Inputs = inputs;
        Classes = classes;
        _head = AddModule("head", new Dense(device, inputs, _cutoffs[0] + cutoffs.Length, bias: false));
        _tail = new Cluster[cutoffs.Length];
        int size = inputs;
        for (int k = 0; k < _tail.Length; k++)
        {
            size = Math.Max(1, size / divisor);
            _tail[k] = AddModule($"tail{k}", new Cluster(device, inputs, size, _cutoffs[k], _cutoffs[k + 1]));
        }
    }

    /// <summary>I.</summary>
    public int Inputs { get; }

    /// <summary>V.</summary>
    public int Classes { get; }

    /// <summary>
    /// Mean of <c>-log p(target)</c> over the rows that count, a scalar. The sizes of what is computed depend on the targets; they are
    /// rounded up to four steps an octave, so that device memory goes round after the first steps.
    /// </summary>
    /// <param name="input"><c>[.., I]</c>.</param>
    /// <param name="targets">One class for each row, on the host; a negative one masks its row out.</param>
    /// <exception cref="ArgumentException">Another number of targets than rows; a target that is no class.</exception>
    public Tensor Loss(Tensor input, ReadOnlySpan<int> targets)
    {
        int rows = Check(input);
        if (targets.Length != rows)
        {
            throw new ArgumentException($"AdaptiveSoftmax: an input {input.Shape} needs {rows} targets, not {targets.Length}", nameof(targets));
        }

        int counted = Split(targets);
        Tensor x = input.Reshape(rows, Inputs);
        Tensor loss = _loss.Forward(_head.Forward(x), Device.Tensor(_headTargets.AsSpan(0, rows), new Shape(rows)));
        for (int k = 0; k < _tail.Length; k++)
        {
            if (_tail[k].Count > 0) { loss += _tail[k].Loss(x, _loss); }
        }

        return loss * (1f / Math.Max(1, counted));
    }

    /// <summary>Log-probabilities of all classes: <c>[.., I] -> [.., V]</c>.</summary>
    public Tensor LogProbabilities(Tensor input)
    {
        Check(input);
        Tensor head = _head.Forward(input).LogSoftmax();
        Tensor all = head.Slice(-1, 0, _cutoffs[0]);
        for (int k = 0; k < _tail.Length; k++)
        {
            Tensor cluster = head.Slice(-1, _cutoffs[0] + k, 1);
            all = Tensor.Concat(-1, all, cluster + _tail[k].Logits(input).LogSoftmax());
        }

        return all;
    }

    /// <inheritdoc cref="LogProbabilities"/>
    public override Tensor Forward(Tensor input) => LogProbabilities(input);

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input) => input.WithColumns(Classes);

    private int Check(Tensor input) => input.Rank > 0 && input.Shape[^1] == Inputs
        ? checked((int)input.Shape.Rows)
        : throw new ArgumentException($"AdaptiveSoftmax takes [.., {Inputs}], not {input.Shape}", nameof(input));

    /// <summary>Tells the head's targets and each cluster's rows apart.</summary>
    /// <returns>Number of rows that count.</returns>
    private int Split(ReadOnlySpan<int> targets)
    {
        if (_headTargets.Length < targets.Length) { _headTargets = new int[targets.Length]; }
        for (int k = 0; k < _tail.Length; k++) { _tail[k].Clear(targets.Length); }
        int counted = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            int target = targets[i], k = 0;
            if (target >= Classes) { throw new ArgumentException($"AdaptiveSoftmax: target {target} of row {i} is none of {Classes} classes", nameof(targets)); }
            _headTargets[i] = target;
            if (target >= 0) { counted++; }
            if (target < _cutoffs[0]) { continue; }
            while (target >= _cutoffs[k + 1]) { k++; }
            _headTargets[i] = _cutoffs[0] + k;
            _tail[k].Add(i, target);
        }

        return counted;
    }

    /// <summary>Some neighbouring classes with a softmax of their own.</summary>
    private sealed class Cluster : Module
    {
        private readonly Dense _projection;
        private readonly Dense _output;
        private readonly int _first;
        private int[] _rows = [];
        private int[] _targets = [];

        public Cluster(Device device, int inputs, int size, int first, int end)
            : base(device)
        {
            _first = first;
            _projection = AddModule("projection", new Dense(device, inputs, size, bias: false));
            _output = AddModule("output", new Dense(device, size, end - first, bias: false));
        }

        /// <summary>Rows of the present batch.</summary>
        public int Count { get; private set; }

        public Tensor Logits(Tensor x) => _output.Forward(_projection.Forward(x));

        public void Clear(int most)
        {
            Count = 0;
            if (_rows.Length >= Padded(most)) { return; }
            _rows = new int[Padded(most)];
            _targets = new int[Padded(most)];
        }

        public void Add(int row, int target)
        {
            _rows[Count] = row;
            _targets[Count++] = target - _first;
        }

        /// <summary>Sum over the cluster's rows of <c>x [N, I]</c>. Rows added to reach the padded count are zeros and do not count.</summary>
        public Tensor Loss(Tensor x, SoftmaxCrossEntropy loss)
        {
            int padded = Padded(Count);
            _rows.AsSpan(Count, padded - Count).Fill(-1);
            _targets.AsSpan(Count, padded - Count).Fill(-1);
            var shape = new Shape(padded);
            Tensor rows = x.Gather(Device.Tensor(_rows.AsSpan(0, padded), shape));
            return loss.Forward(Logits(rows), Device.Tensor(_targets.AsSpan(0, padded), shape));
        }

        /// <summary>The next of 16, 20, 24, 28, 32, 40, 48, ...</summary>
        private static int Padded(int count)
        {
            if (count <= 16) { return 16; }
            int step = (int)(System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count) / 8);
            return (count + step - 1) / step * step;
        }
    }
}
