using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Parameters of one direction of one layer, or their gradients, PyTorch's names and layouts.</summary>
public sealed class LayerParameters(int gates, int input, int hidden)
{
    /// <summary><c>[G*H, I]</c>.</summary>
    public double[] WeightIh { get; } = new double[gates * hidden * input];

    /// <summary><c>[G*H, H]</c>.</summary>
    public double[] WeightHh { get; } = new double[gates * hidden * hidden];

    /// <summary><c>[G*H]</c>.</summary>
    public double[] BiasIh { get; } = new double[gates * hidden];

    /// <summary><c>[G*H]</c>.</summary>
    public double[] BiasHh { get; } = new double[gates * hidden];

    /// <summary>All four, in PyTorch's order.</summary>
    public (string Kind, double[] Values)[] All =>
        [("weight_ih", WeightIh), ("weight_hh", WeightHh), ("bias_ih", BiasIh), ("bias_hh", BiasHh)];
}

/// <summary>What goes into a stack. States are <c>[L*D, B, H]</c>, layer by layer, forward direction first, as in PyTorch.</summary>
public sealed class StackInput
{
    /// <summary><c>[T, B, I]</c>.</summary>
    public required double[] X { get; init; }

    public double[]? H0 { get; init; }

    public double[]? C0 { get; init; }

    /// <summary><c>[B]</c>; null: all rows run throughout.</summary>
    public int[]? Lengths { get; init; }

    /// <summary><c>[T, B]</c>; null: never.</summary>
    public int[]? Resets { get; init; }

    /// <summary>Factors of the inputs of layers 1.., each <c>[T, B, D*H]</c>; null: no dropout.</summary>
    public double[][]? Masks { get; init; }
}

/// <summary>What comes out of a stack.</summary>
/// <param name="Y"><c>[T, B, D*H]</c>.</param>
/// <param name="LastH"><c>[L*D, B, H]</c>.</param>
/// <param name="LastC"><c>[L*D, B, H]</c>.</param>
public sealed record StackOutput(double[] Y, double[] LastH, double[] LastC)
{
    /// <summary>What each layer read, dropout applied.</summary>
    public required double[][] LayerInputs { get; init; }

    /// <summary>Index: layer * directions + direction.</summary>
    public required RecurrenceTrace[] Traces { get; init; }
}

/// <summary>Gradients of everything that goes into a stack.</summary>
public sealed record StackGradients(double[] X, LayerParameters[] Parameters, double[] H0, double[] C0);

/// <summary>
/// Several layers, one or both directions, in float64: the definition of what <c>RnnPlan</c> computes. Layer l &gt; 0 reads the
/// directions' outputs side by side, <c>[T, B, D*H]</c>, times its dropout mask.
/// </summary>
public sealed class StackReference
{
    public StackReference(CellKind cell, int input, int hidden, int layers, bool bidirectional, int steps, int batch)
    {
        (Cell, Input, Hidden, Layers, Steps, Batch) = (cell, input, hidden, layers, steps, batch);
        Directions = bidirectional ? 2 : 1;
        Parameters = NewParameters();
    }

    public CellKind Cell { get; }

    public int Input { get; }

    public int Hidden { get; }

    public int Layers { get; }

    public int Directions { get; }

    public int Steps { get; }

    public int Batch { get; }

    /// <summary>Index: layer * directions + direction.</summary>
    public LayerParameters[] Parameters { get; }

    public int InputOf(int layer) => layer == 0 ? Input : Directions * Hidden;

    private LayerParameters[] NewParameters()
    {
        var all = new LayerParameters[Layers * Directions];
        for (int i = 0; i < all.Length; i++) { all[i] = new LayerParameters(Layouts.Gates(Cell), InputOf(i / Directions), Hidden); }
        return all;
    }

    public StackOutput Forward(StackInput input)
    {
        int state = Batch * Hidden, wide = Directions * Hidden;
        double[] lastH = new double[Layers * Directions * state], lastC = new double[Layers * Directions * state];
        var layerInputs = new double[Layers][];
        var traces = new RecurrenceTrace[Layers * Directions];
        double[] x = input.X;
        for (int layer = 0; layer < Layers; layer++)
        {
            if (layer > 0 && input.Masks is not null) { x = Times(x, input.Masks[layer - 1]); }
            layerInputs[layer] = x;
            var y = new double[Steps * Batch * wide];
            for (int direction = 0; direction < Directions; direction++)
            {
                int index = (layer * Directions) + direction;
                RecurrenceTrace trace = Recurrence(index, input).Forward(
                    Project(Parameters[index], x, InputOf(layer)), StateOf(input.H0, index), StateOf(input.C0, index));
                traces[index] = trace;
                trace.LastH.CopyTo(lastH, index * state);
                trace.LastC.CopyTo(lastC, index * state);
                for (int row = 0; row < Steps * Batch; row++)
                {
                    trace.Y.AsSpan(row * Hidden, Hidden).CopyTo(y.AsSpan((row * wide) + (direction * Hidden), Hidden));
                }
            }

            x = y;
        }

        return new StackOutput(x, lastH, lastC) { LayerInputs = layerInputs, Traces = traces };
    }

    public StackGradients Backward(StackInput input, StackOutput output, double[]? dy, double[]? dhLast, double[]? dcLast)
    {
        int state = Batch * Hidden, wide = Directions * Hidden;
        LayerParameters[] gradients = NewParameters();
        double[] dh0 = new double[Layers * Directions * state], dc0 = new double[Layers * Directions * state];
        double[] above = dy ?? new double[Steps * Batch * wide];
        for (int layer = Layers - 1; layer >= 0; layer--)
        {
            var dx = new double[Steps * Batch * InputOf(layer)];
            for (int direction = 0; direction < Directions; direction++)
            {
                int index = (layer * Directions) + direction;
                var dyHalf = new double[Steps * Batch * Hidden];
                for (int row = 0; row < Steps * Batch; row++)
                {
                    above.AsSpan((row * wide) + (direction * Hidden), Hidden).CopyTo(dyHalf.AsSpan(row * Hidden, Hidden));
                }

                RecurrenceGradients g = Recurrence(index, input).Backward(
                    output.Traces[index], dyHalf, StateOf(dhLast, index), StateOf(dcLast, index));
                g.H.CopyTo(dh0, index * state);
                g.C.CopyTo(dc0, index * state);
                AddProjectionGradients(index, output.LayerInputs[layer], output.Traces[index], g, gradients[index], dx);
            }

            above = layer > 0 && input.Masks is not null ? Times(dx, input.Masks[layer - 1]) : dx;
        }

        return new StackGradients(above, gradients, dh0, dc0);
    }

    private RecurrenceReference Recurrence(int index, StackInput input) => new(Cell, Steps, Batch, Hidden)
    {
        WeightHh = Parameters[index].WeightHh,
        RecurrentBias = Layouts.HasSeparateRecurrentBias(Cell) ? Parameters[index].BiasHh[(2 * Hidden)..] : null,
        Reverse = index % Directions == 1,
        Lengths = input.Lengths,
        Resets = input.Resets,
    };

    private double[]? StateOf(double[]? states, int index) =>
        states?[(index * Batch * Hidden)..((index + 1) * Batch * Hidden)];

    /// <summary>W x and the biases, but b_hn of GRU reset-after.</summary>
    private double[] Project(LayerParameters p, double[] x, int inputs)
    {
        int width = Layouts.Gates(Cell) * Hidden, joined = width - (Layouts.HasSeparateRecurrentBias(Cell) ? Hidden : 0);
        var pre = new double[Steps * Batch * width];
        for (int row = 0; row < Steps * Batch; row++)
        {
            for (int n = 0; n < width; n++)
            {
                double sum = p.BiasIh[n] + (n < joined ? p.BiasHh[n] : 0);
                for (int k = 0; k < inputs; k++) { sum += p.WeightIh[(n * inputs) + k] * x[(row * inputs) + k]; }
                pre[(row * width) + n] = sum;
            }
        }

        return pre;
    }

    private void AddProjectionGradients(
        int index, double[] x, RecurrenceTrace trace, RecurrenceGradients g, LayerParameters d, double[] dx)
    {
        LayerParameters p = Parameters[index];
        int inputs = InputOf(index / Directions), width = Layouts.Gates(Cell) * Hidden;
        bool reverse = index % Directions == 1;
        for (int row = 0; row < Steps * Batch; row++)
        {
            // Slot t is what step t reads going forward, slot t + 1 going back.
            ReadOnlySpan<double> h = trace.H.AsSpan((row + (reverse ? Batch : 0)) * Hidden, Hidden);
            ReadOnlySpan<double> extra = g.Extra.AsSpan(row * Hidden, Hidden);
            for (int n = 0; n < width; n++)
            {
                double da = g.Gates[(row * width) + n];
                bool candidate = n >= 2 * Hidden && Layouts.HasExtra(Cell);

                // GRU: the candidate's recurrent product is q = R_n h + b_hn (reset-after), or R_n p (reset-before).
                double dProduct = candidate && Cell == CellKind.GruResetAfter ? extra[n - (2 * Hidden)] : da;
                ReadOnlySpan<double> operand = candidate && Cell == CellKind.GruResetBefore ? extra : h;
                d.BiasIh[n] += da;
                d.BiasHh[n] += dProduct;
                for (int k = 0; k < inputs; k++)
                {
                    d.WeightIh[(n * inputs) + k] += da * x[(row * inputs) + k];
                    dx[(row * inputs) + k] += da * p.WeightIh[(n * inputs) + k];
                }

                for (int k = 0; k < Hidden; k++) { d.WeightHh[(n * Hidden) + k] += dProduct * operand[k]; }
            }
        }
    }

    private static double[] Times(double[] x, double[] mask)
    {
        var y = new double[x.Length];
        for (int i = 0; i < y.Length; i++) { y[i] = x[i] * mask[i]; }
        return y;
    }
}
