using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A recurrent cell written over tensor operations: derive, register parameters in the constructor, write one <see cref="Step"/>,
/// and a <see cref="CellStack"/> runs it over sequences on every backend, with gradients, layers, directions, lengths and resets.
/// <code>
/// sealed class MyCell : RecurrentCell      // h' = tanh(W x + b + R h)
/// {
///     private readonly Parameter _w, _b, _r;
///
///     public MyCell(Device device, int inputs, int hidden)
///         : base(device, inputs, hidden)
///     {
///         var initial = new UniformInit(1f / MathF.Sqrt(hidden));
///         _w = AddParameter("weight_ih", new Shape(hidden, inputs), initial);
///         _b = AddParameter("bias_ih", new Shape(hidden), initial);
///         _r = AddParameter("weight_hh", new Shape(hidden, hidden), initial);
///     }
///
///     public override Tensor Project(Tensor input) => input.Linear(_w, _b);
///
///     public override void Step(Tensor projected, ref CellStates states) =>
///         states[0] = (projected + states[0].Linear(_r)).Tanh();
/// }
/// </code>
/// </summary>
public abstract class RecurrentCell : Module
{
    private readonly int[] _stateSizes;

    /// <summary>A cell.</summary>
    /// <param name="device">Where its parameters live.</param>
    /// <param name="inputSize">I.</param>
    /// <param name="stateSizes">Features of each state; the first state is the cell's output. One to <see cref="CellStates.MaxCount"/>.</param>
    /// <exception cref="ArgumentException">Sizes that no cell can have.</exception>
    protected RecurrentCell(Device device, int inputSize, params ReadOnlySpan<int> stateSizes)
        : base(device)
    {
        if (inputSize is <= 0 or > RnnSpec.MaxSize)
        {
            throw new ArgumentException($"the input size of a recurrent cell is 1 to {RnnSpec.MaxSize}, not {inputSize}", nameof(inputSize));
        }

        if (stateSizes.Length is 0 or > CellStates.MaxCount)
        {
            throw new ArgumentException($"a recurrent cell has 1 to {CellStates.MaxCount} states, not {stateSizes.Length}", nameof(stateSizes));
        }

        foreach (int size in stateSizes)
        {
            if (size is <= 0 or > RnnSpec.MaxSize)
            {
                throw new ArgumentException($"a state of a recurrent cell has 1 to {RnnSpec.MaxSize} features, not {size}", nameof(stateSizes));
            }
        }

        InputSize = inputSize;
        _stateSizes = stateSizes.ToArray();
    }

    /// <summary>I.</summary>
    public int InputSize { get; }

    /// <summary>Features S of each state.</summary>
    public ReadOnlySpan<int> StateSizes => _stateSizes;

    /// <summary>Features of the output: those of the first state.</summary>
    public int OutputSize => _stateSizes[0];

    /// <summary>What the cell is, for <see cref="CellStack.Explain"/>: name and options.</summary>
    public virtual string Description => GetType().Name;

    /// <summary>Why the fused loop does not run it, for <see cref="CellStack.Explain"/>.</summary>
    public virtual string StepwiseReason => $"{Description} is written over tensor operations";

    /// <summary>
    /// What the steps need of the input, for all steps at once: a single product <c>[T*B, I] x [I, P]</c> where a product in every
    /// step would be slow. By default the input itself.
    /// </summary>
    /// <param name="input"><c>[T, B, I]</c>.</param>
    /// <returns><c>[T, B, P]</c>, any P.</returns>
    public virtual Tensor Project(Tensor input) => input;

    /// <summary>
    /// One time step. Rows must not depend on one another. Tensors made here live until the step's backward pass, unless they are
    /// in <paramref name="states"/>; nothing may be kept in fields from step to step.
    /// </summary>
    /// <param name="projected"><c>[B, P]</c>: this step's part of <see cref="Project"/>.</param>
    /// <param name="states">In: the states <c>[B, S]</c> before the step. Out: those after it; the first is the step's output.</param>
    public abstract void Step(Tensor projected, ref CellStates states);

    /// <summary>Adds a parameter with its first values.</summary>
    /// <param name="name">Unique here, without dots; PyTorch's name of the kind where it has one, such as <c>weight_ih</c>.</param>
    /// <param name="shape">Axes.</param>
    /// <param name="initializer">Fills it.</param>
    protected Parameter AddParameter(string name, Shape shape, Initializer initializer)
    {
        ArgumentNullException.ThrowIfNull(initializer);
        Parameter parameter = AddParameter(name, shape);
        initializer.Apply(parameter);
        return parameter;
    }
}
