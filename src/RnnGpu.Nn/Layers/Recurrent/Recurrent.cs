using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A stack of recurrent layers, one or two directions: <c>[T, B, I] -> [T, B, D*H]</c>, run by an <see cref="RnnPlan"/>. Parameters
/// as in PyTorch: <c>weight_ih_l0 [G*H, I]</c>, <c>weight_hh_l0 [G*H, H]</c>, <c>bias_ih_l0 [G*H]</c>, <c>bias_hh_l0 [G*H]</c>,
/// <c>.._l0_reverse</c>, <c>.._l1</c> and so on, all uniform within 1/sqrt(H) at first.
/// </summary>
public abstract partial class Recurrent : Module
{
    private readonly List<Parameter> _weights = [];
    private readonly RnnLayerTensors[] _views;
    private readonly RnnLayerTensors[] _gradients;
    private readonly RecurrentPlans _plans;
    private readonly uint _site;

    // Kept, since the runtime's own copy goes with a collection, and asking for it again would allocate.
    private readonly string _name;

    private protected Recurrent(Device device, RnnSpec spec, bool returnSequences)
        : base(device)
    {
        spec.Validate();
        _name = GetType().Name;
        Spec = spec;
        ReturnSequences = returnSequences;
        var initial = new UniformInit(1f / MathF.Sqrt(spec.HiddenSize));
        int count = spec.Layers * spec.Directions;
        var views = new RnnLayerTensors[count];
        for (int i = 0; i < count; i++)
        {
            int layer = i / spec.Directions;
            bool reverse = i % spec.Directions == 1;
            Parameter New(string kind, Shape shape)
            {
                Parameter parameter = AddParameter(Layouts.ParameterName(kind, layer, reverse), shape);
                initial.Apply(parameter);
                _weights.Add(parameter);
                return parameter;
            }

            var rows = new Shape(spec.GateSize);
            TensorView ih = New("weight_ih", new Shape(spec.GateSize, spec.LayerInputSize(layer))).Weight;
            TensorView hh = New("weight_hh", new Shape(spec.GateSize, spec.HiddenSize)).Weight;
            views[i] = spec.Bias
                ? new RnnLayerTensors(ih, hh, New("bias_ih", rows).Weight, New("bias_hh", rows).Weight)
                : new RnnLayerTensors(ih, hh, default, default);
        }

        _gradients = new RnnLayerTensors[count];
        _views = views;
        _plans = new RecurrentPlans(device, spec, _weights, views);
        _site = device.NextSites(Math.Max(1, spec.Layers - 1));
    }

    /// <summary>Cell, sizes, layers, directions.</summary>
    public RnnSpec Spec { get; }

    /// <summary>
    /// Whether <see cref="Forward"/> returns the outputs of all steps <c>[T, B, D*H]</c>, or the top layer's final state
    /// <c>[B, D*H]</c> only; then no outputs are computed, and a long sequence needs no memory for them.
    /// </summary>
    public bool ReturnSequences { get; }

    /// <summary>
    /// Bytes that one training pass may plan for itself; beyond, activations are recomputed in spans. Null: no limit.
    /// </summary>
    public long? MemoryBudget { get; set; }

    /// <summary>Steps of a span that is recomputed at a time; null: chosen by <see cref="MemoryBudget"/>.</summary>
    public int? SpanSteps { get; set; }

    /// <summary>Sets the input weights, each gate's block as a matrix of its own.</summary>
    public void InitInputWeights(Initializer initializer) => Initialize("weight_ih", initializer);

    /// <summary>Sets the recurrent weights, each gate's block as a matrix of its own: <see cref="OrthogonalInit"/> for one.</summary>
    public void InitRecurrentWeights(Initializer initializer) => Initialize("weight_hh", initializer);

    /// <summary>Sets all biases.</summary>
    public void InitBiases(Initializer initializer) => Initialize("bias_", initializer);

    /// <summary>How a pass over these sizes runs, and in how many bytes.</summary>
    /// <param name="steps">T.</param>
    /// <param name="batch">B.</param>
    /// <param name="training">Whether the backward pass follows.</param>
    /// <param name="inputGradient">Whether it leads gradients to the input.</param>
    public RnnPlan Plan(int steps, int batch, bool training = true, bool inputGradient = true) =>
        _plans.Get(Key(steps, batch, training, inputGradient)).Plan;

    /// <summary>How often the weights were packed for more than one pass.</summary>
    internal long Packings => _plans.Packings;

    /// <summary>A state of zeros for <paramref name="batch"/> sequences side by side.</summary>
    public RecurrentState NewState(int batch) => new(Device, Spec, batch);

    /// <inheritdoc/>
    public override Shape OutputShape(Shape input)
    {
        CheckInput(input);
        return ReturnSequences ? input.WithColumns(Spec.OutputSize) : new Shape(input[1], Spec.OutputSize);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) { _plans.Release(); }
        base.Dispose(disposing);
    }

    private void Initialize(string kind, Initializer initializer)
    {
        ArgumentNullException.ThrowIfNull(initializer);
        foreach (Parameter parameter in _weights)
        {
            if (parameter.Name.StartsWith(kind, StringComparison.Ordinal)) { initializer.Apply(parameter, Layouts.Gates(Spec.Cell)); }
        }
    }

    /// <summary>Parameters of one kind, over layers and directions.</summary>
    private protected IEnumerable<Parameter> ParametersOf(string kind) =>
        _weights.Where(parameter => parameter.Name.StartsWith(kind, StringComparison.Ordinal));

    private PlanKey Key(int steps, int batch, bool training, bool inputGradient) => new(
        steps, batch, training, training && inputGradient, training && Training && Spec.Dropout > 0f,
        training ? MemoryBudget : null, training ? SpanSteps : null);

    private void CheckInput(Shape input)
    {
        if (input.Rank != 3 || input[2] != Spec.InputSize || input[0] == 0 || input[1] == 0)
        {
            throw new ArgumentException(
                $"{GetType().Name} takes [steps, batch, {Spec.InputSize}] with at least one step and one row, not {input}");
        }
    }
}
