using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Operands of a scan over time on the tape; what may be absent is the default tensor.</summary>
/// <param name="Cell">Cell.</param>
/// <param name="Gates"><c>[T, B, G*H]</c>.</param>
/// <param name="Highway"><c>[T, B, H]</c>, SRU only.</param>
/// <param name="Peepholes"><c>[2, H]</c>, SRU only.</param>
/// <param name="Initial"><c>[B, H]</c>.</param>
/// <param name="Lengths">Integers <c>[B]</c>.</param>
/// <param name="Resets">Integers <c>[T, B]</c>.</param>
/// <param name="Reverse">Whether time runs backwards.</param>
internal readonly record struct ScanInput(
    ScanCellKind Cell, Tensor Gates, Tensor Highway, Tensor Peepholes, Tensor Initial, Tensor Lengths, Tensor Resets, bool Reverse);

/// <summary>The operation behind <see cref="ScanRecurrent"/>: <see cref="IBackend.ScanForward"/> on the tape.</summary>
internal static class ScanOps
{
    /// <summary>Outputs <c>[T, B, H]</c> where they are wanted, else the default tensor, and last states <c>[B, H]</c>.</summary>
    public static (Tensor Output, Tensor Last) Scan(in ScanInput input, int hidden, bool wanted)
    {
        const string Name = nameof(Scan);
        TensorSlot gates = input.Gates.Float(Name);
        TensorSlot? highway = Optional(input.Highway), peepholes = Optional(input.Peepholes), initial = Optional(input.Initial);
        TensorSlot? lengths = input.Lengths.IsEmpty ? null : input.Lengths.Int(Name, nameof(lengths));
        TensorSlot? resets = input.Resets.IsEmpty ? null : input.Resets.Int(Name, nameof(resets));
        Device device = gates.Device;
        (int steps, int batch) = (gates.Shape[0], gates.Shape[1]);
        var shape = new Shape(steps, batch, hidden);
        bool records = device.Records(gates) || Records(device, highway) || Records(device, peepholes) || Records(device, initial);
        bool outputIsState = Layouts.OutputIsState(input.Cell);
        Tensor y = wanted ? device.NewTensor(shape) : default, last = device.NewTensor(new Shape(batch, hidden));

        // The backward pass reads states: the outputs themselves, or memory of their own.
        Storage? kept = records && !(wanted && outputIsState) ? device.Pool.Lease(shape.Length * sizeof(float)) : null;
        TensorView states = kept is null ? default : new TensorView(kept.Buffer, 0, shape);
        var operands = new ScanOperands
        {
            Cell = input.Cell,
            Gates = gates.View,
            Highway = highway?.View ?? default,
            Peepholes = peepholes?.View ?? default,
            Initial = initial?.View ?? default,
            Lengths = lengths?.View ?? default,
            Resets = resets?.View ?? default,
            Reverse = input.Reverse,
        };
        try
        {
            device.Backend.ScanForward(operands, outputIsState ? default : states, wanted ? y.View : outputIsState ? states : default, last.View);
        }
        catch when (kept is not null)
        {
            device.Pool.Release(kept);
            throw;
        }

        if (records) { device.Tape.Record<ScanNode>().Set(operands, [gates, highway, peepholes, initial, lengths, resets], kept, y, last); }
        return (y, last);

        static TensorSlot? Optional(Tensor tensor) => tensor.IsEmpty ? null : tensor.Float(Name);
        static bool Records(Device device, TensorSlot? slot) => slot is not null && device.Records(slot);
    }
}

/// <summary>Inputs: gates, then whatever of highway, peepholes, initial states, lengths and resets there is. Outputs: y where it was wanted, last states.</summary>
internal sealed class ScanNode : TapeNode
{
    private readonly int[] _places = new int[6];
    private ScanOperands _operands;
    private Storage? _states;
    private bool _wanted;

    public void Set(in ScanOperands operands, ReadOnlySpan<TensorSlot?> inputs, Storage? states, Tensor y, Tensor last)
    {
        (_operands, _states, _wanted) = (operands, states, !y.IsEmpty);
        for (int i = 0; i < inputs.Length; i++)
        {
            _places[i] = inputs[i] is null ? -1 : InputCount;
            if (inputs[i] is { } slot) { AddInput(slot); }
        }

        if (states is not null) { Save(states); }
        if (_wanted) { AddOutput(y); }
        AddOutput(last);
    }

    public override void Backward()
    {
        TensorSlot last = Output(_wanted ? 1 : 0);
        Storage? state = last.HasGradient ? null : Device.Pool.Lease(last.View.Length * sizeof(float));
        Storage? gates = Wants(0) ? null : Device.Pool.Lease(X(0).Length * sizeof(float));
        int highway = _places[1], peepholes = _places[2], initial = _places[3];
        Storage? spare = highway < 0 || Wants(highway) ? null : Device.Pool.Lease(X(highway).Length * sizeof(float));
        (int batch, int hidden) = (last.Shape[0], last.Shape[1]);
        Storage? rows = peepholes < 0 ? null : Device.Pool.Lease(2L * batch * hidden * sizeof(float));
        try
        {
            // The last states' gradient becomes the initial ones', in place: nobody else reads it.
            TensorView dState = state is null ? last.Gradient : new TensorView(state.Buffer, 0, last.Shape);
            if (state is not null) { Backend.Fill(0f, dState); }
            TensorView states = _states is null ? Y : new TensorView(_states.Buffer, 0, new Shape(X(0).Shape[0], batch, hidden));
            TensorView dPeepholes = rows is null ? default : new TensorView(rows.Buffer, 0, new Shape(batch, 2 * hidden));
            TensorView dHighway = highway < 0 ? default : spare is null ? BeginAssign(highway) : new TensorView(spare.Buffer, 0, X(highway).Shape);
            Backend.ScanBackward(
                _operands, states, _wanted && Output(0).HasGradient ? Output(0).Gradient : default, dState,
                gates is null ? BeginAssign(0) : new TensorView(gates.Buffer, 0, X(0).Shape), dHighway, dPeepholes);
            if (gates is null) { EndAssign(0); }
            if (highway >= 0 && spare is null) { EndAssign(highway); }
            if (peepholes >= 0 && Wants(peepholes)) { Backend.AddColumnSums(dPeepholes.AsMatrix(), AccumulatedGradient(peepholes).Flat()); }
            if (initial >= 0 && Wants(initial))
            {
                TensorView dInitial = Gradient(initial, out bool accumulate);
                if (accumulate) { Backend.AddScaled(1f, dState, 1f, dInitial); }
                else { Backend.Copy(dState, dInitial); }
            }
        }
        finally
        {
            Return(state);
            Return(gates);
            Return(spare);
            Return(rows);
        }
    }

    protected override void OnRelease()
    {
        _operands = default;
        _states = null;
    }

    private void Return(Storage? storage)
    {
        if (storage is not null) { Device.Pool.Release(storage); }
    }
}
