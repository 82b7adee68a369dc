using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A recorded pass of a recurrent layer. Inputs: x, the parameters, then whatever of h0, c0, lengths and resets there is.
/// Outputs: whatever of y, hT and cT there is.
/// </summary>
internal sealed class RecurrentNode : TapeNode
{
    private RnnPlan _plan = null!;
    private RnnLayerTensors[] _weights = null!;
    private RnnLayerTensors[] _gradients = null!;
    private Storage _packed = null!;
    private RnnForwardCall _call;
    private float _weightDrop;
    private RandomKey _weightDropKey;
    private int _y, _hidden, _cell, _hidden0, _cell0;

    /// <summary>Takes over one reference of <paramref name="reserve"/> and of <paramref name="packed"/>.</summary>
    public void Set(
        RnnPlan plan, in RnnForwardCall call, RnnLayerTensors[] weights, RnnLayerTensors[] gradients, Storage reserve, Storage packed)
    {
        _plan = plan;
        _call = call;
        _weights = weights;
        _gradients = gradients;
        _packed = packed;
        _weightDrop = 0f;
        Save(reserve);
        Save(packed);
        _y = _hidden = _cell = _hidden0 = _cell0 = -1;
    }

    /// <summary>Says that the pass ran on dropped recurrent weights, and by which masks.</summary>
    public void SetWeightDrop(float probability, RandomKey key)
    {
        _weightDrop = probability;
        _weightDropKey = key;
    }

    public void AddStates(TensorSlot? hidden, TensorSlot? cell)
    {
        if (hidden is not null)
        {
            _hidden0 = InputCount;
            AddInput(hidden);
        }

        if (cell is not null)
        {
            _cell0 = InputCount;
            AddInput(cell);
        }
    }

    public void AddOutputs(in RecurrentOutput output)
    {
        if (!output.Output.IsEmpty)
        {
            _y = OutputCount;
            AddOutput(output.Output);
        }

        _hidden = OutputCount;
        AddOutput(output.Hidden);
        if (!output.Cell.IsEmpty)
        {
            _cell = OutputCount;
            AddOutput(output.Cell);
        }
    }

    public override void Backward()
    {
        bool biases = _plan.Spec.Bias;
        int perLayer = biases ? 4 : 2;
        for (int i = 0; i < _gradients.Length; i++)
        {
            int first = 1 + (i * perLayer);
            _gradients[i] = new RnnLayerTensors(
                Wanted(first), _weightDrop > 0f ? Dropped(first + 1) : Wanted(first + 1), biases ? Wanted(first + 2) : default, biases ? Wanted(first + 3) : default);
        }

        _plan.Use(_weights, RecurrentPlans.Region(_packed));
        Storage workspace = RecurrentPlans.Lease(Device, _plan, _plan.WorkspaceBytes, _plan.PackedBytes + _plan.ReserveBytes);
        var call = new RnnBackwardCall
        {
            Forward = _call with { Workspace = RecurrentPlans.Region(workspace) },
            DY = OutputGradient(_y),
            DHT = OutputGradient(_hidden),
            DCT = OutputGradient(_cell),
            DX = Assigned(0),
            DH0 = Assigned(_hidden0),
            DC0 = Assigned(_cell0),
        };
        try
        {
            _plan.Backward(call, _gradients);
        }
        finally
        {
            Device.Pool.Release(workspace);
        }

        for (int i = 0; _weightDrop > 0f && i < _gradients.Length; i++) { EndDropped(1 + (i * perLayer) + 1, i); }
        if (Wants(0)) { EndAssign(0); }
        if (_hidden0 >= 0 && Wants(_hidden0)) { EndAssign(_hidden0); }
        if (_cell0 >= 0 && Wants(_cell0)) { EndAssign(_cell0); }
    }

    protected override void OnRelease()
    {
        _call = default;
        _plan = null!;
        _weights = null!;
        _gradients = null!;
        _packed = null!;
    }

    /// <summary>A place of its own for the gradient of a dropped matrix: zeros.</summary>
    private TensorView Dropped(int input)
    {
        if (!Wants(input)) { return default; }
        TensorView gradient = BeginApart(input);
        Backend.Fill(0f, gradient);
        return gradient;
    }

    /// <summary>From the dropped matrix to the raw one: by the mask of the forward pass.</summary>
    private void EndDropped(int input, int layer)
    {
        if (!Wants(input)) { return; }
        TensorView gradient = _gradients[layer].WeightHh;
        Backend.Dropout(gradient, _weightDrop, _weightDropKey, layer * gradient.Length, gradient);
        EndApart(input);
    }

    private TensorView Wanted(int input) => Wants(input) ? AccumulatedGradient(input) : default;

    private TensorView Assigned(int input) => input >= 0 && Wants(input) ? BeginAssign(input) : default;

    private TensorView OutputGradient(int output) => output >= 0 && Output(output).HasGradient ? Output(output).Gradient : default;
}
