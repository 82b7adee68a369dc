using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// A trained tensor of a module, or a buffer of non-trained state: weight and gradient stay in the same memory for its life.
/// </summary>
public sealed class Parameter : IDisposable
{
    private readonly Tensor _value;
    private bool _trainable;
    private Storage? _packed;
    private long _packedVersion;
    private long _usedVersion = -1;

    /// <summary>A parameter of zeros. Modules make theirs with <see cref="Module.AddParameter"/>.</summary>
    public Parameter(Device device, string name, Shape shape, bool isBuffer = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        Name = name;
        IsBuffer = isBuffer;
        Index = device.NextParameterIndex();
        _value = device.PersistentZeros(shape);
        _value.Slot.Parameter = this;
        Trainable = !isBuffer;
    }

    /// <summary>The device that holds it.</summary>
    public Device Device { get; }

    /// <summary>Name within its module, as in PyTorch: <c>weight_ih_l0</c>.</summary>
    public string Name { get; }

    /// <summary>Counts parameters of the device in order of construction; keys initialisation.</summary>
    public ulong Index { get; }

    /// <summary>Whether it is state that no optimiser touches.</summary>
    public bool IsBuffer { get; }

    /// <summary>Axes.</summary>
    public Shape Shape => _value.Shape;

    /// <summary>The weight as a tensor for operations.</summary>
    public Tensor Value => _value;

    /// <summary>The weight's memory, to be read. Who writes takes <see cref="Overwrite"/>.</summary>
    public TensorView Weight => _value.View;

    /// <summary>
    /// The gradient's memory, which backward passes add to; allocated and zeroed when first asked for.
    /// </summary>
    public TensorView Gradient
    {
        get
        {
            TensorSlot slot = _value.Slot;
            TensorView gradient = slot.LeaseGradient();
            if (!slot.HasGradient)
            {
                Device.Backend.Fill(0f, gradient);
                slot.HasGradient = true;
            }

            return gradient;
        }
    }

    /// <summary>Whether a gradient was written since <see cref="ZeroGrad"/>.</summary>
    public bool HasGradient => _value.Slot.HasGradient;

    /// <summary>
    /// Counts changes of the weight; private layouts that backends made of it are stale when it moved. <see cref="Overwrite"/>, <see cref="Load"/>,
    /// <see cref="Nn.Device.Upload{T}"/>, optimisers, initialisers and checkpoints move it.
    /// </summary>
    public long Version => _value.Slot.Storage!.Version;

    /// <summary>Whether it gets gradients and updates. Set to false to freeze it; always false for buffers.</summary>
    public bool Trainable
    {
        get => _trainable;
        set
        {
            if (value && IsBuffer) { throw new InvalidOperationException($"'{Name}' is a buffer: it cannot be trained"); }
            _trainable = value;
            _value.Slot.RequiresGrad = value;
        }
    }

    /// <summary>
    /// The weight's memory, to be written before anything reads the weight again: asking for it counts as a change, so that none can be
    /// forgotten. To be asked for anew for every write.
    /// </summary>
    public TensorView Overwrite() => _value.Overwrite();

    /// <summary>Says that the weight was changed, to be called behind a write to a view that was taken earlier.</summary>
    public void MarkChanged() => _value.Slot.Storage!.Version++;

    /// <summary>Forgets the gradient: the next backward pass assigns it. Writes nothing.</summary>
    public void ZeroGrad() => _value.Slot.HasGradient = false;

    /// <summary>Sets the weight.</summary>
    /// <exception cref="ArgumentException">Another number of values than the shape says.</exception>
    public void Load(ReadOnlySpan<float> values)
    {
        if (values.Length != Shape.Length)
        {
            throw new ArgumentException($"parameter '{Name}' {Shape} takes {Shape.Length} values, not {values.Length}", nameof(values));
        }

        Device.Backend.Upload(values, Overwrite());
    }

    /// <summary>The weight on the host.</summary>
    public float[] ToArray() => _value.ToArray();

    /// <summary>Copies the weight to the host.</summary>
    public void CopyTo(Span<float> destination) => _value.CopyTo(destination);

    /// <summary>The gradient on the host; zeros if there is none.</summary>
    public float[] GradientToArray()
    {
        var values = new float[Shape.Length];
        Device.Backend.Download(Gradient, values.AsSpan());
        return values;
    }

    /// <summary>Frees weight and gradient.</summary>
    public void Dispose()
    {
        ReleasePacked();
        if (_value.IsAlive) { Device.ReleaseOwner(_value.Slot); }
    }

    /// <summary>
    /// The weight <c>[N, K]</c> as the right-hand side <c>[K, N]</c> of products, in the backend's layout. It is packed when one version of it is
    /// multiplied for the second time: a training step that uses it once has nothing of it, inference and loops over steps pack once.
    /// </summary>
    /// <returns>False at the first use of a version: multiply by the weight itself.</returns>
    internal bool TryPackTransposed(out TensorView packed)
    {
        long version = Version;
        if (_packed is null || _packedVersion != version)
        {
            ReleasePacked();
            packed = default;
            if (_usedVersion != version)
            {
                _usedVersion = version;
                return false;
            }

            MatrixView transposed = Weight.AsMatrix().T;
            long bytes = Device.Backend.PackedMatrixBytes(transposed.Rows, transposed.Columns);
            _packed = Device.Pool.Lease(bytes);
            _packedVersion = version;
            Packings++;
            Device.Backend.PackMatrix(transposed, PackedView(_packed));
        }

        packed = PackedView(_packed);
        return true;
    }

    /// <summary>How often the weight was packed.</summary>
    internal long Packings { get; private set; }

    /// <summary>The weight as a tensor.</summary>
    public static implicit operator Tensor(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        return parameter._value;
    }

    /// <summary>The weight as a tensor.</summary>
    public Tensor ToTensor() => _value;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Shape}";

    // Rows of 16 elements, the allocator's granularity, so that blocks beyond 2^31 elements still have a shape.
    private static TensorView PackedView(Storage storage) => new(storage.Buffer, 0, new Shape(checked((int)(storage.Bytes / 64)), 16));

    private void ReleasePacked()
    {
        if (_packed is not null) { Device.Pool.Release(_packed); }
        _packed = null;
    }
}
