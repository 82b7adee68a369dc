using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A tensor on a <see cref="Device"/>: row-major values with a shape, and (where <see cref="RequiresGrad"/>) a place in the
/// recorded computation. A handle of two words; copying it copies no values and making one allocates nothing.
/// <para>
/// Lifetime: a tensor belongs to the training step that made it. After <see cref="Backward()"/> it stays readable until the
/// next operation is recorded; then its memory is used again and the handle throws <see cref="ObjectDisposedException"/>.
/// <see cref="Keep"/> lets it outlive the step. Inside <see cref="Device.NoGrad"/> it belongs to that scope.
/// </para>
/// </summary>
public readonly partial struct Tensor : IEquatable<Tensor>
{
    private readonly TensorSlot? _slot;
    private readonly long _generation;

    internal Tensor(TensorSlot slot)
    {
        _slot = slot;
        _generation = slot.Generation;
    }

    /// <summary>Whether this is the default value: "no tensor", where one is optional.</summary>
    public bool IsEmpty => _slot is null;

    /// <summary>Whether the tensor can still be used.</summary>
    public bool IsAlive => _slot is not null && _slot.Generation == _generation;

    /// <summary>The device that holds it.</summary>
    public Device Device => Slot.Device;

    /// <summary>Axes.</summary>
    public Shape Shape => Slot.View.Shape;

    /// <summary>Element type.</summary>
    public DType DType => Slot.View.DType;

    /// <summary>Number of elements.</summary>
    public long Length => Slot.View.Length;

    /// <summary>Number of axes.</summary>
    public int Rank => Slot.View.Shape.Rank;

    /// <summary>Whether <see cref="Backward()"/> leads gradients to or through it.</summary>
    public bool RequiresGrad => Slot.RequiresGrad;

    /// <summary>
    /// The values' place in device memory, for backend operations. Valid while the tensor is. Who writes to a parameter's weight takes
    /// <see cref="Parameter.Overwrite"/>.
    /// </summary>
    public TensorView View => Slot.View;

    /// <summary>The values' place, to be written: of a parameter's weight, or a view of it, that counts as a change.</summary>
    internal TensorView Overwrite()
    {
        TensorSlot slot = Slot;
        slot.Storage!.Version++;
        return slot.View;
    }

    /// <summary>The slot behind a live handle.</summary>
    internal TensorSlot Slot => _slot is not null && _slot.Generation == _generation ? _slot : throw Gone();

    internal TensorSlot? RawSlot => _slot;

    /// <summary>The slot as an operand of a new operation, which may end a finished step first.</summary>
    internal TensorSlot Operand()
    {
        _slot?.Device.BeginOperation();
        return Slot;
    }

    /// <summary>
    /// Lets the tensor outlive its step or scope, until <see cref="Release"/> or the device's disposal. When its step's tape is
    /// finished it no longer requires gradients.
    /// </summary>
    public Tensor Keep()
    {
        Slot.Owner = TensorOwner.User;
        return this;
    }

    /// <summary>
    /// Ends the handle now. The memory returns to the device at once, or, where the tape still needs it, as soon as
    /// <see cref="Backward()"/> has passed: so releasing intermediate results lowers the peak.
    /// </summary>
    public void Release()
    {
        TensorSlot slot = Slot;
        if (slot.Parameter is not null)
        {
            throw new InvalidOperationException("this tensor is a parameter's weight: it lives until the parameter is disposed");
        }

        slot.Device.ReleaseOwner(slot);
    }

    /// <summary>The same values outside the recorded computation: no gradient flows back through them. Copies nothing.</summary>
    public Tensor Detach()
    {
        TensorSlot slot = Operand();
        return slot.Device.NewView(slot, slot.View);
    }

    /// <summary>Copies the values to the host; waits for the device.</summary>
    /// <exception cref="ArgumentException">Another length or element type.</exception>
    public void CopyTo<T>(Span<T> destination)
        where T : unmanaged
    {
        TensorSlot slot = Slot;
        CheckHost<T>(slot, destination.Length);
        slot.Device.Backend.Download(slot.View, destination);
    }

    /// <summary>Values of a float tensor on the host, in row-major order; waits for the device.</summary>
    public float[] ToArray()
    {
        var values = new float[Slot.View.Length];
        CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>Values of an integer tensor on the host.</summary>
    public int[] ToIntArray()
    {
        var values = new int[Slot.View.Length];
        CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>The value of a tensor with one element; waits for the device.</summary>
    /// <exception cref="InvalidOperationException">More or fewer elements than one.</exception>
    public float Item()
    {
        TensorSlot slot = Slot;
        if (slot.View.Length != 1) { throw new InvalidOperationException($"Item() of a tensor {slot.View}: it must have one element"); }
        Span<float> value = stackalloc float[1];
        CopyTo(value);
        return value[0];
    }

    /// <summary>
    /// Gradients of this tensor with respect to every parameter and every leaf that requires them: adds to parameters'
    /// gradients, sets leaves'. The tape is finished afterwards.
    /// </summary>
    /// <exception cref="InvalidOperationException">More than one element; nothing recorded; a second call.</exception>
    public void Backward() => Backward(1f);

    /// <summary><see cref="Backward()"/> of this number times a factor, as loss scaling wants it (<see cref="LossScaler"/>).</summary>
    /// <exception cref="InvalidOperationException">More than one element; nothing recorded; a second call.</exception>
    public void Backward(float factor)
    {
        TensorSlot slot = Slot;
        if (slot.View.Length != 1)
        {
            throw new InvalidOperationException(
                $"Backward() of a tensor {slot.View}: only a single number has one; sum or average it, or pass the gradient of every element");
        }

        slot.Device.Tape.Backward(slot, default, factor);
    }

    /// <summary><see cref="Backward()"/> from a given gradient of every element of this tensor.</summary>
    /// <exception cref="ArgumentException">A gradient of another shape.</exception>
    public void Backward(Tensor gradient)
    {
        TensorSlot slot = Slot;
        if (gradient.Shape != slot.Shape || gradient.DType != DType.F32)
        {
            throw new ArgumentException($"the gradient of a tensor {slot.View} must have its shape, not {gradient.View}", nameof(gradient));
        }

        slot.Device.Tape.Backward(slot, gradient, 1f);
    }

    /// <summary>
    /// The gradient that <see cref="Backward()"/> left here: of a parameter's weight, or of a leaf made with
    /// <c>requiresGrad</c>. A tensor over the same memory, belonging to the present step or scope.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public Tensor Grad
    {
        get
        {
            TensorSlot slot = Slot;
            if (!slot.HasGradient)
            {
                throw new InvalidOperationException(
                    "no gradient here: only parameters and leaves that require one have it, after Backward()");
            }

            return slot.Device.NewView(slot.GradientStorage!, slot.Gradient);
        }
    }

    /// <summary>Forgets the gradient of a kept leaf: the next backward pass assigns it.</summary>
    public void ZeroGrad() => Slot.HasGradient = false;

    /// <summary>Same tensor, same life.</summary>
    public bool Equals(Tensor other) => ReferenceEquals(_slot, other._slot) && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_slot, _generation);

    /// <summary>Whether two handles name the same tensor; values are not compared.</summary>
    public static bool operator ==(Tensor left, Tensor right) => left.Equals(right);

    /// <summary>Whether two handles name different tensors.</summary>
    public static bool operator !=(Tensor left, Tensor right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => IsEmpty ? "no tensor" : IsAlive ? Slot.View.ToString() : "released tensor";

    private static void CheckHost<T>(TensorSlot slot, int length)
        where T : unmanaged
    {
        if (DTypes.Of<T>() != slot.View.DType || length != slot.View.Length)
        {
            throw new ArgumentException($"a tensor {slot.View} does not copy to {length} elements of {typeof(T).Name}");
        }
    }

    private ObjectDisposedException Gone() => _slot is null
        ? new ObjectDisposedException(nameof(Tensor), "this is the default Tensor: it was never assigned")
        : new ObjectDisposedException(
            nameof(Tensor),
            "this tensor was released: its training step ended (an operation was recorded after Backward()), its NoGrad scope "
            + "ended, or Release() was called; call Keep() on a tensor that must outlive its step, or read it before");
}
