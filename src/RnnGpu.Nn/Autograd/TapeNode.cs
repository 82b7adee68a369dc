using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// One recorded operation; pooled. Holds its operands and results alive until it has run back. A derived class stores what its
/// gradient needs and writes <see cref="Backward"/>: for each input that <see cref="Wants"/> a gradient, the first consumer to
/// run assigns it, later ones add.
/// </summary>
internal abstract class TapeNode
{
    private TensorSlot?[] _inputs = new TensorSlot?[3];
    private TensorSlot?[] _outputs = new TensorSlot?[1];
    private Storage?[] _saved = new Storage?[2];
    private Storage?[] _pending = new Storage?[3];
    private int _savedCount;
    private Storage? _temporary;

    public Device Device { get; init; } = null!;

    public int Kind { get; init; }

    public int Position { get; set; }

    protected IBackend Backend => Device.Backend;

    protected int InputCount { get; private set; }

    protected int OutputCount { get; private set; }

    public bool HasOutputGradient
    {
        get
        {
            for (int i = 0; i < OutputCount; i++)
            {
                if (_outputs[i]!.HasGradient) { return true; }
            }

            return false;
        }
    }

    /// <summary>The result's value.</summary>
    protected TensorView Y => _outputs[0]!.View;

    /// <summary>Gradient of the result.</summary>
    protected TensorView Dy => _outputs[0]!.Gradient;

    /// <summary>Leads the outputs' gradients to the inputs.</summary>
    public abstract void Backward();

    public void AddInput(TensorSlot slot)
    {
        if (InputCount == _inputs.Length)
        {
            Array.Resize(ref _inputs, 2 * InputCount);
            Array.Resize(ref _pending, 2 * InputCount);
        }

        slot.References++;
        _inputs[InputCount++] = slot;
    }

    public void AddOutput(Tensor tensor)
    {
        TensorSlot slot = tensor.Slot;
        if (OutputCount == _outputs.Length) { Array.Resize(ref _outputs, 2 * OutputCount); }
        slot.References++;
        slot.Producer = this;
        slot.RequiresGrad = true;
        _outputs[OutputCount++] = slot;
    }

    /// <summary>Hands a block over to the node, which returns it when it is done.</summary>
    public void Save(Storage storage)
    {
        if (_savedCount == _saved.Length) { Array.Resize(ref _saved, 2 * _savedCount); }
        _saved[_savedCount++] = storage;
    }

    /// <summary>Lets go of everything: back to the pool.</summary>
    public void Release()
    {
        OnRelease();
        for (int i = 0; i < _savedCount; i++)
        {
            Device.Pool.Release(_saved[i]!);
            _saved[i] = null;
        }

        for (int i = 0; i < OutputCount; i++)
        {
            TensorSlot slot = _outputs[i]!;
            slot.ReleaseGradient();
            slot.Producer = null;
            slot.RequiresGrad = false;
            slot.Finished = true;
            Device.Unreference(slot);
            _outputs[i] = null;
        }

        for (int i = 0; i < InputCount; i++)
        {
            Device.Unreference(_inputs[i]!);
            _inputs[i] = null;
            if (_pending[i] is not { } pending) { continue; }
            Device.Pool.Release(pending);
            _pending[i] = null;
        }

        EndTemporary();
        _savedCount = InputCount = OutputCount = 0;
    }

    /// <summary>For a derived class to drop references of its own.</summary>
    protected virtual void OnRelease()
    {
    }

    protected TensorSlot Input(int index) => _inputs[index]!;

    protected TensorSlot Output(int index) => _outputs[index]!;

    /// <summary>Value of an input.</summary>
    protected TensorView X(int index) => _inputs[index]!.View;

    /// <summary>Whether an input's gradient is asked for.</summary>
    protected bool Wants(int index) => _inputs[index]!.RequiresGrad;

    /// <summary>
    /// Where an input's gradient goes, and whether to add to what is there. Marks it as written: the caller must write all of it.
    /// </summary>
    protected TensorView Gradient(int index, out bool accumulate)
    {
        TensorSlot slot = _inputs[index]!;
        accumulate = slot.HasGradient;
        TensorView view = slot.LeaseGradient();
        slot.HasGradient = true;
        slot.GradientIsOne = false;
        return view;
    }

    /// <summary>An input's gradient to add to: zeros if it had none.</summary>
    protected TensorView AccumulatedGradient(int index)
    {
        TensorView view = Gradient(index, out bool accumulate);
        if (!accumulate) { Backend.Fill(0f, view); }
        return view;
    }

    /// <summary>
    /// A place for an operation that can only assign: the gradient itself if it is the first, else memory that
    /// <see cref="EndAssign"/> adds.
    /// </summary>
    protected TensorView BeginAssign(int index)
    {
        return Input(index).HasGradient ? BeginApart(index) : Gradient(index, out _);
    }

    /// <summary>Memory in an input's shape, contents undefined, that <see cref="EndApart"/> adds to its gradient.</summary>
    protected TensorView BeginApart(int index)
    {
        TensorSlot slot = Input(index);
        Storage pending = Device.Pool.Lease(slot.View.Length * sizeof(float));
        _pending[index] = pending;
        return new TensorView(pending.Buffer, 0, slot.Shape);
    }

    /// <summary>Completes <see cref="BeginApart"/>.</summary>
    protected void EndApart(int index)
    {
        TensorView dx = Gradient(index, out bool accumulate);
        TensorView apart = new(_pending[index]!.Buffer, 0, dx.Shape);
        if (accumulate) { Backend.AddScaled(1f, apart, 1f, dx); }
        else { Backend.Copy(apart, dx); }
        Device.Pool.Release(_pending[index]!);
        _pending[index] = null;
    }

    /// <summary>Completes <see cref="BeginAssign"/>.</summary>
    protected void EndAssign(int index)
    {
        if (_pending[index] is not null) { EndApart(index); }
    }

    /// <summary>Scratch memory; one at a time, until <see cref="EndTemporary"/>.</summary>
    protected TensorView Temporary(Shape shape)
    {
        _temporary = Device.Pool.Lease(shape.Length * sizeof(float));
        return new TensorView(_temporary.Buffer, 0, shape);
    }

    protected void EndTemporary()
    {
        if (_temporary is null) { return; }
        Device.Pool.Release(_temporary);
        _temporary = null;
    }

    /// <summary>
    /// Moves the output's gradient memory to an input of equal length that has none yet, since nothing else will read it.
    /// </summary>
    /// <param name="index">Of the input.</param>
    /// <param name="changed">Whether the caller will change the values there.</param>
    /// <returns>False if the input has a gradient already, or one of its own that stays (a parameter's).</returns>
    protected bool TryPassGradient(int index, bool changed = false)
    {
        TensorSlot input = Input(index), output = Output(0);
        if (input.HasGradient || input.Parameter is not null || input.View.Length != output.View.Length) { return false; }
        input.ReleaseGradient();
        input.GradientStorage = output.GradientStorage;
        input.HasGradient = true;
        input.GradientIsOne = output.GradientIsOne && !changed;
        output.GradientStorage = null;
        output.HasGradient = false;
        return true;
    }

    /// <summary>Adds the output's gradient to an input of equal length, or hands it over.</summary>
    protected void PassGradient(int index)
    {
        if (TryPassGradient(index)) { return; }
        TensorView dx = Gradient(index, out bool accumulate);
        if (accumulate) { Backend.AddScaled(1f, Dy, 1f, dx); }
        else { Backend.Copy(Dy, dx); }
    }

    /// <summary>
    /// Makes the memory of a stored operand, which holds the gradient of an input, that gradient; or adds it.
    /// </summary>
    protected void PassStored(int stored, int input)
    {
        TensorSlot slot = Input(input);
        if (!slot.HasGradient && slot.Parameter is null)
        {
            Storage storage = Input(stored).Storage!;
            slot.ReleaseGradient();
            storage.References++;
            slot.GradientStorage = storage;
            slot.HasGradient = true;
            return;
        }

        TensorView dx = Gradient(input, out bool accumulate);
        if (accumulate) { Backend.AddScaled(1f, X(stored), 1f, dx); }
        else { Backend.Copy(X(stored), dx); }
    }
}
