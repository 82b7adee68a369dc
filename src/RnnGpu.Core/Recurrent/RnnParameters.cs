namespace RnnGpu.Core;

/// <summary>Parameters of one layer and direction, or their gradients. Shapes as in <see cref="Layouts"/>.</summary>
/// <param name="WeightIh"><c>[G*H, I]</c>.</param>
/// <param name="WeightHh"><c>[G*H, H]</c>.</param>
/// <param name="BiasIh"><c>[G*H]</c>, or empty.</param>
/// <param name="BiasHh"><c>[G*H]</c>, or empty.</param>
public readonly record struct RnnLayerTensors(TensorView WeightIh, TensorView WeightHh, TensorView BiasIh, TensorView BiasHh);

/// <summary>One forward pass of a plan. Empty views mean: zeros (in), not wanted (out).</summary>
public readonly record struct RnnForwardCall
{
    /// <summary><c>[T, B, I]</c>.</summary>
    public required TensorView X { get; init; }

    /// <summary><c>[B]</c> int in 0..T, or empty.</summary>
    public TensorView Lengths { get; init; }

    /// <summary><c>[T, B]</c> int, or empty.</summary>
    public TensorView Resets { get; init; }

    /// <summary><c>[L*D, B, H]</c> initial states, in the order layer 0, layer 0 reverse, layer 1, ...; or empty.</summary>
    public TensorView H0 { get; init; }

    /// <summary><c>[L*D, B, H]</c> initial cell states, or empty.</summary>
    public TensorView C0 { get; init; }

    /// <summary>Out: <c>[T, B, D*H]</c>, or empty.</summary>
    public TensorView Y { get; init; }

    /// <summary>Out: <c>[L*D, B, H]</c> final states, or empty. May be <see cref="H0"/>.</summary>
    public TensorView HT { get; init; }

    /// <summary>Out: <c>[L*D, B, H]</c> final cell states, or empty. May be <see cref="C0"/>.</summary>
    public TensorView CT { get; init; }

    /// <summary>At least <see cref="RnnPlan.ReserveBytes"/>: kept for the backward pass.</summary>
    public MemoryRegion Reserve { get; init; }

    /// <summary>At least <see cref="RnnPlan.WorkspaceBytes"/>: free again after the call.</summary>
    public MemoryRegion Workspace { get; init; }

    /// <summary>Random stream of the dropout between layers.</summary>
    public RandomKey DropoutKey { get; init; }
}

/// <summary>The backward pass that belongs to a <see cref="RnnForwardCall"/>.</summary>
public readonly record struct RnnBackwardCall
{
    /// <summary>The forward call, its inputs and reserve untouched since. Final states are not read.</summary>
    public required RnnForwardCall Forward { get; init; }

    /// <summary><c>[T, B, D*H]</c>: gradient of Y, or empty (0).</summary>
    public TensorView DY { get; init; }

    /// <summary><c>[L*D, B, H]</c>: gradient of HT, or empty (0).</summary>
    public TensorView DHT { get; init; }

    /// <summary><c>[L*D, B, H]</c>: gradient of CT, or empty (0).</summary>
    public TensorView DCT { get; init; }

    /// <summary>Out, assigned: <c>[T, B, I]</c>, or empty. Needs <see cref="RnnPlanOptions.InputGradient"/>.</summary>
    public TensorView DX { get; init; }

    /// <summary>Out, assigned: <c>[L*D, B, H]</c>, or empty.</summary>
    public TensorView DH0 { get; init; }

    /// <summary>Out, assigned: <c>[L*D, B, H]</c>, or empty.</summary>
    public TensorView DC0 { get; init; }
}
