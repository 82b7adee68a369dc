using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

/// <summary>
/// Updates parameters by their gradients: all in one multi-tensor call of the backend, which reads nothing back. Parameters
/// without a gradient (frozen ones, unused ones) are left as they are, together with their state. Allocates nothing after
/// construction; deterministic.
/// </summary>
public abstract class Optimizer : IDisposable
{
    private readonly OptimizerKind _kind;
    private readonly Member[] _members;
    private readonly OptimizerSlot[] _slots;
    private readonly TensorView[] _gradients;
    private readonly float[] _measured = new float[1];
    private readonly Tensor _sumOfSquares;
    private readonly Tensor _scale;
    private readonly string? _firstName;
    private readonly string? _secondName;
    private float _learningRate;
    private float _weightDecay;
    private bool _disposed;

    /// <param name="kind">Rule.</param>
    /// <param name="groups">Every parameter once.</param>
    /// <param name="learningRate">See <see cref="LearningRate"/>.</param>
    /// <param name="weightDecay">See <see cref="WeightDecay"/>.</param>
    /// <param name="firstName">Prefix of the first state's tensors in checkpoints; null where the rule has none.</param>
    /// <param name="secondName">The same for the second state.</param>
    private protected Optimizer(
        OptimizerKind kind, IReadOnlyList<ParameterGroup> groups, float learningRate, float weightDecay, string? firstName, string? secondName)
    {
        ArgumentNullException.ThrowIfNull(groups);
        _kind = kind;
        _firstName = firstName;
        _secondName = secondName;
        Groups = groups;
        LearningRate = learningRate;
        WeightDecay = weightDecay;
        _members = Enlist(groups);
        if (_members.Length == 0) { throw new ArgumentException("the optimiser has no parameter to update", nameof(groups)); }
        Device = _members[0].Parameter.Device;
        foreach (Member member in _members)
        {
            Shape shape = member.Parameter.Shape;
            if (firstName is not null) { member.First = Device.PersistentZeros(shape); }
            if (secondName is not null) { member.Second = Device.PersistentZeros(shape); }
        }

        _slots = new OptimizerSlot[_members.Length];
        _gradients = new TensorView[_members.Length];
        _sumOfSquares = Device.PersistentZeros(new Shape(1));
        _scale = Device.PersistentZeros(new Shape(1));
    }

    /// <summary>Where parameters and state live.</summary>
    public Device Device { get; }

    /// <summary>The parameters, group by group.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Name of the rule, as on the command line and in checkpoints.</summary>
    public string Name => _kind switch
    {
        OptimizerKind.Sgd => "sgd",
        OptimizerKind.RmsProp => "rmsprop",
        OptimizerKind.Adam => "adam",
        _ => "adamw",
    };

    /// <summary>Learning rate of the next update; schedules set it.</summary>
    public float LearningRate
    {
        get => _learningRate;
        set => _learningRate = OptimizerArguments.NotNegative(value, "learning rate");
    }

    /// <summary>Weight decay of the groups that have none of their own.</summary>
    public float WeightDecay
    {
        get => _weightDecay;
        set => _weightDecay = OptimizerArguments.NotNegative(value, "weight decay");
    }

    /// <summary>Updates done.</summary>
    public long Updates { get; private set; }

    /// <summary>Sum of squares of all gradients at the last <see cref="Step(GradientClipping, int)"/>, before unscaling, averaging and
    /// clipping by norm: one element on the device.</summary>
    internal TensorView GradientSumOfSquares => _sumOfSquares.View;

    /// <summary>What <see cref="TryStep"/> read of it.</summary>
    internal float MeasuredSumOfSquares => _measured[0];

    /// <summary>One update by the gradients as they are.</summary>
    public void Step() => Update(default);

    /// <summary>
    /// One update by the averaged gradients within limits. Everything happens on the device: nothing is read back.
    /// </summary>
    /// <param name="clipping">Limits of the averaged gradients. Clipping by value overwrites the parameters' gradients.</param>
    /// <param name="accumulated">Backward passes that the gradients are sums of; they are divided by it.</param>
    public void Step(GradientClipping clipping, int accumulated = 1)
    {
        int count = CollectGradients(accumulated);
        Clamp(clipping, accumulated, count);
        Measure(count);
        Clip(clipping.MaxNorm, 1f / accumulated);
    }

    /// <summary>
    /// An update by the gradients of a loss that was multiplied by <paramref name="lossScale"/>; none where a gradient is not finite. Waits for the device.
    /// </summary>
    internal bool TryStep(GradientClipping clipping, int accumulated, float lossScale)
    {
        int count = CollectGradients(accumulated);
        Measure(count);
        Device.Backend.Download(_sumOfSquares.View, _measured);
        if (!float.IsFinite(_measured[0])) { return false; }
        if (float.IsFinite(clipping.MaxValue))
        {
            Clamp(clipping, accumulated * lossScale, count);
            Measure(count);
        }

        Clip(clipping.MaxNorm, 1f / (accumulated * lossScale));
        return true;
    }

    private int CollectGradients(int accumulated)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(accumulated, 1);
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = 0;
        foreach (Member member in _members)
        {
            if (member.Parameter.HasGradient) { _gradients[count++] = member.Parameter.Gradient; }
        }

        return count;
    }

    private void Clamp(GradientClipping clipping, float factor, int count)
    {
        if (!float.IsFinite(clipping.MaxValue)) { return; }
        for (int i = 0; i < count; i++) { Device.Backend.Unary(UnaryOp.Clamp, clipping.MaxValue * factor, _gradients[i], _gradients[i]); }
    }

    private void Measure(int count) => Device.Backend.SumOfSquares(_gradients.AsSpan(0, count), _sumOfSquares.View);

    private void Clip(float maxNorm, float average)
    {
        Device.Backend.ClipFactor(_sumOfSquares.View, maxNorm, average, _scale.View);
        Update(_scale.View);
    }

    /// <summary>Forgets the gradients of all its parameters: the next backward pass assigns them.</summary>
    public void ZeroGrad()
    {
        foreach (Member member in _members) { member.Parameter.ZeroGrad(); }
    }

    /// <summary>
    /// Writes the state, such as <c>m.encoder.weight_ih_l0</c> (Adam's first moment of that parameter), to a safetensors file.
    /// <see cref="Updates"/> and <see cref="LearningRate"/> are the caller's to save.
    /// </summary>
    public void WriteState(SafeTensorsWriter writer) => NamedTensors.Write(writer, State());

    /// <summary>Reads what <see cref="WriteState"/> wrote. Changes nothing if it throws.</summary>
    /// <param name="file">The state.</param>
    /// <param name="updates">Updates done.</param>
    /// <exception cref="CheckpointException">Tensors are missing, too many or of another shape.</exception>
    public void ReadState(SafeTensorsFile file, long updates)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(updates);
        NamedTensors.Read(file, State());
        Updates = updates;
    }

    /// <summary>Takes back updates that were a trial; the caller has restored the state's values.</summary>
    internal void SetProgress(long updates) => Updates = updates;

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        foreach (Member member in _members)
        {
            if (member.First.IsAlive) { member.First.Release(); }
            if (member.Second.IsAlive) { member.Second.Release(); }
        }

        _sumOfSquares.Release();
        _scale.Release();
        GC.SuppressFinalize(this);
    }

    /// <summary>The rule's own numbers; the rest is filled in.</summary>
    private protected abstract OptimizerStep Rule(OptimizerStep step);

    internal IReadOnlyList<NamedTensor> State()
    {
        var state = new List<NamedTensor>();
        foreach (Member member in _members)
        {
            if (_firstName is not null) { state.Add(new NamedTensor($"{_firstName}.{member.Name}", member.First)); }
            if (_secondName is not null) { state.Add(new NamedTensor($"{_secondName}.{member.Name}", member.Second)); }
        }

        return state;
    }

    private static Member[] Enlist(IReadOnlyList<ParameterGroup> groups)
    {
        var members = new List<Member>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        var parameters = new HashSet<Parameter>();
        foreach (ParameterGroup group in groups)
        {
            foreach ((string name, Parameter parameter) in group.Parameters)
            {
                if (parameter.IsBuffer) { throw new ArgumentException($"'{name}' is a buffer: it cannot be trained"); }
                if (!names.Add(name)) { throw new ArgumentException($"two parameters of the optimiser are named '{name}'"); }
                if (!parameters.Add(parameter)) { throw new ArgumentException($"the parameter '{name}' is in the optimiser twice"); }
                if (members.Count > 0 && !ReferenceEquals(parameter.Device, members[0].Parameter.Device))
                {
                    throw new ArgumentException($"the parameter '{name}' lives on another device than '{members[0].Name}'");
                }

                members.Add(new Member(name, parameter, group));
            }
        }

        return [.. members];
    }

    private void Update(in TensorView scale)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = 0;
        foreach (Member member in _members)
        {
            Parameter parameter = member.Parameter;
            if (!parameter.HasGradient) { continue; }
            _slots[count++] = new OptimizerSlot(
                parameter.Overwrite(), parameter.Gradient,
                _firstName is null ? default : member.First.View,
                _secondName is null ? default : member.Second.View,
                member.Group.LearningRateScale, member.Group.WeightDecay ?? WeightDecay);
        }

        Updates++;
        var step = new OptimizerStep { Kind = _kind, LearningRate = LearningRate, Step = Updates };
        Device.Backend.Optimize(Rule(step), scale, _slots.AsSpan(0, count));
    }

    /// <summary>A parameter with its state.</summary>
    private sealed class Member(string name, Parameter parameter, ParameterGroup group)
    {
        public string Name { get; } = name;

        public Parameter Parameter { get; } = parameter;

        public ParameterGroup Group { get; } = group;

        public Tensor First { get; set; }

        public Tensor Second { get; set; }
    }
}
