using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>The operation behind <see cref="Crf"/>: losses of rows, with gradients for all scores.</summary>
internal static class CrfOps
{
    /// <summary><c>[B]</c>: negative log-likelihoods of tags, or log partition functions without tags (<see cref="IBackend.CrfForward"/>).</summary>
    public static Tensor Losses(Tensor emissions, Tensor transitions, Tensor start, Tensor end, Tensor tags, Tensor lengths)
    {
        const string Name = nameof(Crf);
        TensorSlot x = emissions.Float(Name), a = transitions.Float(Name), s = start.Float(Name), e = end.Float(Name);
        TensorSlot? y = tags.IsEmpty ? null : tags.Int(Name, nameof(tags)), n = lengths.IsEmpty ? null : lengths.Int(Name, nameof(lengths));
        Operands.SameDevice(x, a, Name);
        Device device = x.Device;
        CrfScores scores = Scores(x, a, s, e, n);
        (int steps, int batch) = (x.Shape[0], x.Shape[1]);
        Tensor losses = device.NewTensor(new Shape(batch));
        Storage alpha = device.Pool.Lease(x.View.Length * sizeof(float)), shifts = device.Pool.Lease((long)steps * batch * sizeof(float));
        bool records = device.Records(x, a) || device.Records(s, e);
        try
        {
            device.Backend.CrfForward(scores, y?.View ?? default, Alpha(alpha, x.Shape), Shifts(shifts, x.Shape), losses.View);
        }
        catch
        {
            records = false;
            throw;
        }
        finally
        {
            if (!records)
            {
                device.Pool.Release(alpha);
                device.Pool.Release(shifts);
            }
        }

        if (records) { device.Tape.Record<CrfNode>().Set(x, a, s, e, y, n, alpha, shifts, losses); }
        return losses;
    }

    /// <summary>Operands as the backend takes them.</summary>
    /// <exception cref="ArgumentException">Sizes that do not fit.</exception>
    public static CrfScores Scores(TensorSlot x, TensorSlot transitions, TensorSlot start, TensorSlot end, TensorSlot? lengths)
    {
        if (x.Shape.Rank != 3 || x.Shape[2] != start.Shape.Length)
        {
            throw new ArgumentException($"a conditional random field over {start.Shape.Length} tags takes emissions [steps, batch, {start.Shape.Length}], not {x.Shape}");
        }

        return new CrfScores
        {
            Emissions = x.View,
            Transitions = transitions.View,
            Start = start.View,
            End = end.View,
            Lengths = lengths?.View ?? default,
        };
    }

    public static TensorView Alpha(Storage storage, Shape shape) => new(storage.Buffer, 0, shape);

    public static TensorView Shifts(Storage storage, Shape shape) => new(storage.Buffer, 0, new Shape(shape[0], shape[1]));

    /// <summary>Memory of a workspace as a view.</summary>
    public static TensorView Region(Storage storage) => new(storage.Buffer, 0, new Shape(checked((int)(storage.Bytes / sizeof(float)))));
}

/// <summary>Inputs: emissions, transitions, start, end, then whatever of tags and lengths there is.</summary>
internal sealed class CrfNode : TapeNode
{
    private Storage _alpha = null!, _shifts = null!;
    private int _tags, _lengths;

    public void Set(
        TensorSlot x, TensorSlot transitions, TensorSlot start, TensorSlot end, TensorSlot? tags, TensorSlot? lengths,
        Storage alpha, Storage shifts, Tensor losses)
    {
        AddInput(x);
        AddInput(transitions);
        AddInput(start);
        AddInput(end);
        _tags = tags is null ? -1 : InputCount;
        if (tags is not null) { AddInput(tags); }
        _lengths = lengths is null ? -1 : InputCount;
        if (lengths is not null) { AddInput(lengths); }
        (_alpha, _shifts) = (alpha, shifts);
        Save(alpha);
        Save(shifts);
        AddOutput(losses);
    }

    public override void Backward()
    {
        Shape shape = Input(0).Shape;
        CrfScores scores = CrfOps.Scores(Input(0), Input(1), Input(2), Input(3), _lengths < 0 ? null : Input(_lengths));
        Storage workspace = Device.Pool.Lease(Backend.CrfBackwardWorkspaceBytes(shape[0], shape[1], shape[2]));

        // The operation always gives the emissions' gradient; where nobody wants it, it goes to scratch memory.
        TensorView dx = Wants(0) ? BeginAssign(0) : Temporary(shape);
        try
        {
            Backend.CrfBackward(
                scores, _tags < 0 ? default : X(_tags), CrfOps.Alpha(_alpha, shape), CrfOps.Shifts(_shifts, shape), Dy, CrfOps.Region(workspace), dx,
                Wants(1) ? AccumulatedGradient(1) : default, Wants(2) ? AccumulatedGradient(2) : default, Wants(3) ? AccumulatedGradient(3) : default);
        }
        finally
        {
            Device.Pool.Release(workspace);
        }

        if (Wants(0)) { EndAssign(0); }
    }

    protected override void OnRelease() => _alpha = _shifts = null!;
}
