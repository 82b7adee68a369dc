using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Where tensors live and operations run: a backend, a caching allocator, the tape of the step being recorded, and the seed
/// that every random number comes from. One thread at a time.
/// </summary>
public sealed class Device : IDisposable
{
    private readonly bool _ownsBackend;
    private readonly Stack<TensorSlot> _freeSlots = new();
    private readonly List<Tensor> _stepTensors = [];
    private readonly List<Tensor> _scopeTensors = [];
    private int _noGradDepth;
    private bool _disposed;
    private uint _sites;
    private ulong _parameters;

    /// <summary>A device on a backend.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="seed">Seed of initialisation and dropout.</param>
    /// <param name="ownsBackend">Whether disposing the device disposes the backend.</param>
    public Device(IBackend backend, ulong seed = 0, bool ownsBackend = true)
    {
        ArgumentNullException.ThrowIfNull(backend);
        Backend = backend;
        Seed = seed;
        _ownsBackend = ownsBackend;
        Pool = new BufferPool(backend);
        Tape = new Tape(this);
    }

    /// <summary>The operations.</summary>
    public IBackend Backend { get; }

    /// <summary>Seed of every random number: initialisation and dropout.</summary>
    public ulong Seed { get; }

    /// <summary>
    /// Finished backward passes: with <see cref="Seed"/> and the layer's site it keys dropout. A checkpoint stores it; set it
    /// to resume with the same masks.
    /// </summary>
    public ulong Step
    {
        get;
        set
        {
            field = value;
            StepStart++;
        }
    }

    /// <summary>Whether operations are recorded for <see cref="Tensor.Backward()"/>: not inside <see cref="NoGrad"/>.</summary>
    public bool GradEnabled => _noGradDepth == 0;

    /// <summary>Bytes in use by tensors, gradients and workspaces.</summary>
    public long LeasedBytes => Pool.LeasedBytes;

    /// <summary>Largest <see cref="LeasedBytes"/> since the start or <see cref="ResetPeak"/>.</summary>
    public long PeakBytes => Pool.PeakBytes;

    /// <summary>Bytes taken from the backend: in use or cached.</summary>
    public long AllocatedBytes => Pool.AllocatedBytes;

    /// <summary>Blocks ever taken from the backend; constant in steady state.</summary>
    public long AllocationCount => Pool.AllocationCount;

    internal BufferPool Pool { get; }

    internal Tape Tape { get; }

    /// <summary>
    /// Moves on when a step starts: a layer that draws several masks in one step counts them from here, so that a step dropped and
    /// run again draws the same.
    /// </summary>
    internal long StepStart { get; private set; }

    /// <summary>Moves on with every registration of a parameter or module: cached lists compare it.</summary>
    internal long RegistrationVersion { get; set; }

    /// <summary>A float tensor with the given values; copies them.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Axes; as many elements as values.</param>
    /// <param name="requiresGrad">Whether Backward leaves a gradient in it (<see cref="Nn.Tensor.Grad"/>).</param>
    /// <exception cref="ArgumentException">Another number of values than the shape says.</exception>
    public Tensor Tensor(ReadOnlySpan<float> values, Shape shape, bool requiresGrad = false)
    {
        Tensor tensor = FromHost(values, shape, DType.F32);
        tensor.Slot.RequiresGrad = requiresGrad;
        return tensor;
    }

    /// <summary>An integer tensor with the given values: indices, targets, lengths, flags.</summary>
    /// <inheritdoc cref="Tensor(ReadOnlySpan{float}, Shape, bool)"/>
    public Tensor Tensor(ReadOnlySpan<int> values, Shape shape) => FromHost(values, shape, DType.I32);

    /// <summary>A tensor with one element.</summary>
    public Tensor Scalar(float value) => Full(Shape.Scalar, value);

    /// <summary>A float tensor of zeros.</summary>
    public Tensor Zeros(Shape shape, bool requiresGrad = false) => Full(shape, 0f, requiresGrad);

    /// <summary>A float tensor of ones.</summary>
    public Tensor Ones(Shape shape, bool requiresGrad = false) => Full(shape, 1f, requiresGrad);

    /// <summary>A float tensor of equal values.</summary>
    public Tensor Full(Shape shape, float value, bool requiresGrad = false)
    {
        Tensor tensor = NewTensor(shape);
        Backend.Fill(value, tensor.View);
        tensor.Slot.RequiresGrad = requiresGrad;
        return tensor;
    }

    /// <summary>
    /// A float tensor of zeros that belongs to the caller from the start, outside step and scope: optimiser state, carried state.
    /// Ends by <see cref="Nn.Tensor.Release"/> or with the device.
    /// </summary>
    public Tensor PersistentZeros(Shape shape)
    {
        Tensor tensor = NewOwned(shape, DType.F32);
        Backend.Fill(0f, tensor.View);
        return tensor;
    }

    /// <summary>Overwrites a tensor's values from the host. Not for tensors whose old values a recorded operation still needs.</summary>
    /// <exception cref="ArgumentException">Another length or element type.</exception>
    public void Upload<T>(ReadOnlySpan<T> values, Tensor destination)
        where T : unmanaged => Backend.Upload(values, destination.Overwrite());

    /// <summary>Starts an inference scope: <c>using (device.NoGrad()) { ... }</c>.</summary>
    public NoGradScope NoGrad() => new(this, _scopeTensors.Count, ++_noGradDepth);

    /// <summary>
    /// Ends the step being recorded without a backward pass: all its tensors are released, kept ones excepted. Does nothing
    /// when nothing was made since the last step.
    /// </summary>
    public void ReleaseStep()
    {
        Tape.Clear();
        ReleaseStepTensors();
        StepStart++;
    }

    /// <summary>Gives cached memory that no tensor uses back to the backend.</summary>
    public void Trim() => Pool.Trim();

    /// <summary>Starts <see cref="PeakBytes"/> anew from what is in use now.</summary>
    public void ResetPeak() => Pool.ResetPeak();

    /// <summary>Hands out <paramref name="count"/> places for random numbers; deterministic in the order of construction.</summary>
    /// <returns>The first of them, to be the <see cref="RandomKey.Site"/>.</returns>
    public uint NextSites(int count = 1)
    {
        uint first = _sites;
        _sites += (uint)count;
        return first;
    }

    /// <summary>Frees all memory: tensors, parameters, caches.</summary>
    public void Dispose()
    {
        if (_disposed) { return; }
        _disposed = true;
        Tape.Clear();
        Pool.Dispose();
        if (_ownsBackend) { Backend.Dispose(); }
    }

    internal ulong NextParameterIndex() => _parameters++;

    /// <summary>Called before an operation uses its operands: ends the step whose backward pass is done.</summary>
    internal void BeginOperation()
    {
        if (Tape.IsFinished && _noGradDepth == 0)
        {
            Tape.IsFinished = false;
            ReleaseStepTensors();
        }
    }

    /// <summary>A tensor with undefined contents, belonging to the present step or scope.</summary>
    internal Tensor NewTensor(Shape shape, DType dtype = DType.F32)
    {
        BeginOperation();
        Tensor tensor = NewOwned(shape, dtype);
        Own(tensor);
        return tensor;
    }

    /// <summary>A tensor with undefined contents that belongs to the user.</summary>
    internal Tensor NewOwned(Shape shape, DType dtype)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        Storage storage = Pool.Lease(shape.Length * dtype.Size());
        return NewSlot(storage, new TensorView(storage.Buffer, 0, shape, dtype));
    }

    /// <summary>A tensor over memory of another.</summary>
    internal Tensor NewView(TensorSlot source, TensorView view) => NewView(source.Storage!, view);

    /// <inheritdoc cref="NewView(TensorSlot, TensorView)"/>
    internal Tensor NewView(Storage storage, TensorView view)
    {
        storage.References++;
        Tensor tensor = NewSlot(storage, view);
        Own(tensor);
        return tensor;
    }

    /// <summary>The owner lets go: handles die, and memory returns unless the tape needs it.</summary>
    internal void ReleaseOwner(TensorSlot slot)
    {
        slot.Generation++;
        Unreference(slot);
    }

    internal void Unreference(TensorSlot slot)
    {
        if (--slot.References > 0) { return; }
        slot.ReleaseGradient();
        if (slot.Storage is not null) { Pool.Release(slot.Storage); }
        slot.Storage = null;
        slot.View = default;
        slot.Producer = null;
        slot.Parameter = null;
        _freeSlots.Push(slot);
    }

    /// <summary>Tensors that the present step or scope owns: a mark for <see cref="ReleaseSince"/>.</summary>
    internal int OwnedMark => Owned.Count;

    private List<Tensor> Owned => _noGradDepth > 0 ? _scopeTensors : _stepTensors;

    /// <summary>Ends the tensors made since a mark, but the states and one more.</summary>
    internal void ReleaseSince(int mark, in CellStates states, Tensor other)
    {
        List<Tensor> owned = Owned;
        int kept = mark;
        for (int i = mark; i < owned.Count; i++)
        {
            Tensor tensor = owned[i];
            if (tensor == other || states.Contains(tensor)) { owned[kept++] = tensor; }
            else { ReleaseMade(tensor); }
        }

        owned.RemoveRange(kept, owned.Count - kept);
    }

    /// <summary>Ends a tensor if it is alive and belongs to a step or scope: not one that the user kept, nor a parameter.</summary>
    internal void ReleaseMade(Tensor tensor)
    {
        if (tensor.IsAlive && tensor.Slot.Owner != TensorOwner.User) { ReleaseOwner(tensor.Slot); }
    }

    internal void EndScope(int first, int depth)
    {
        if (depth > _noGradDepth || _disposed) { return; }
        if (depth < _noGradDepth) { throw new InvalidOperationException("NoGrad scopes must end in the opposite order of their start"); }
        ReleaseOwned(_scopeTensors, first, TensorOwner.Scope);
        _noGradDepth = depth - 1;
    }

    private static void ReleaseOwned(List<Tensor> tensors, int first, TensorOwner owner)
    {
        for (int i = tensors.Count - 1; i >= first; i--)
        {
            if (!tensors[i].IsAlive) { continue; }
            TensorSlot slot = tensors[i].Slot;
            if (slot.Owner == owner) { slot.Device.ReleaseOwner(slot); }
        }

        tensors.RemoveRange(first, tensors.Count - first);
    }

    private void ReleaseStepTensors() => ReleaseOwned(_stepTensors, 0, TensorOwner.Step);

    private void Own(Tensor tensor)
    {
        if (_noGradDepth > 0)
        {
            tensor.Slot.Owner = TensorOwner.Scope;
            _scopeTensors.Add(tensor);
        }
        else
        {
            tensor.Slot.Owner = TensorOwner.Step;
            _stepTensors.Add(tensor);
        }
    }

    private Tensor NewSlot(Storage storage, TensorView view)
    {
        TensorSlot slot = _freeSlots.Count > 0 ? _freeSlots.Pop() : new TensorSlot(this);
        slot.References = 1;
        slot.Owner = TensorOwner.User;
        slot.Storage = storage;
        slot.View = view;
        slot.RequiresGrad = false;
        slot.Finished = false;
        return new Tensor(slot);
    }

    private Tensor FromHost<T>(ReadOnlySpan<T> values, Shape shape, DType dtype)
        where T : unmanaged
    {
        if (values.Length != shape.Length)
        {
            throw new ArgumentException($"a tensor {shape} needs {shape.Length} values, not {values.Length}", nameof(values));
        }

        Tensor tensor = NewTensor(shape, dtype);
        Backend.Upload(values, tensor.View);
        return tensor;
    }
}
