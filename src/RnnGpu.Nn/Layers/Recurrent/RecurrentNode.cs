using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A recorded pass of a recurrent layer. Inputs: x, the parameters, then whatever of h0, c0, lengths and resets there is.
/// Outputs: whatever of y, hT and cT there is.
/// </summary>
internal sealed class RecurrentNode : TapeNode
{
    private RnnPlan _plan = null!;
    private RnnLayerTensors[] _gradients = null!;
    private RnnForwardCall _call;
    private int _y, _hidden, _cell, _hidden0, _cell0;

    public void Set(CachedPlan plan, in RnnForwardCall call, RnnLayerTensors[] gradients, Storage reserve)
    {
        _plan = plan.Plan;
        _call = call;
        _gradients = gradients;
        Save(reserve);

        // The weights of this pass stay packed until it has run back, whatever the cache does.
        plan.Packed!.References++;
        Save(plan.Packed);
        _y = _hidden = _cell = _hidden0 = _cell0 = -1;
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
                Wanted(first), Wanted(first + 1), biases ? Wanted(first + 2) : default, biases ? Wanted(first + 3) : default);
        }

        Storage workspace = Device.Pool.Lease(_plan.WorkspaceBytes);
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

        if (Wants(0)) { EndAssign(0); }
        if (_hidden0 >= 0 && Wants(_hidden0)) { EndAssign(_hidden0); }
        if (_cell0 >= 0 && Wants(_cell0)) { EndAssign(_cell0); }
    }

    protected override void OnRelease()
    {
        _call = default;
        _plan = null!;
        _gradients = null!;
    }

    private TensorView Wanted(int input) => Wants(input) ? AccumulatedGradient(input) : default;

    private TensorView Assigned(int input) => input >= 0 && Wants(input) ? BeginAssign(input) : default;

    private TensorView OutputGradient(int output) => output >= 0 && Output(output).HasGradient ? Output(output).Gradient : default;
}
