using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>Who ends a tensor's life.</summary>
internal enum TensorOwner
{
    /// <summary>The training step being recorded.</summary>
    Step,

    /// <summary>A <see cref="NoGradScope"/>.</summary>
    Scope,

    /// <summary>The user, by <see cref="Tensor.Release"/>, or the device's disposal.</summary>
    User,
}

/// <summary>
/// What a <see cref="Tensor"/> handle points to; pooled. The generation moves on when the owner lets go, so that older handles
/// are recognised; the slot itself is reused once the tape nodes that still need it have let go too.
/// </summary>
internal sealed class TensorSlot(Device device)
{
    public Device Device { get; } = device;

    public long Generation { get; set; }

    public TensorOwner Owner { get; set; }

    /// <summary>1 for the owner, 1 for every tape node that has it as input or output.</summary>
    public int References { get; set; }

    public Storage? Storage { get; set; }

    public TensorView View { get; set; }

    public bool RequiresGrad { get; set; }

    /// <summary>Whether it came out of a tape that is finished: a second Backward can say so.</summary>
    public bool Finished { get; set; }

    /// <summary>The recorded operation that made it; null for leaves and constants.</summary>
    public TapeNode? Producer { get; set; }

    /// <summary>The parameter whose weight this is: its gradient stays allocated and accumulates across steps.</summary>
    public Parameter? Parameter { get; set; }

    public Storage? GradientStorage { get; set; }

    /// <summary>Whether <see cref="GradientStorage"/> holds a value; else the next writer assigns.</summary>
    public bool HasGradient { get; set; }

    /// <summary>Whether the gradient is known to be exactly 1: the root of a backward pass.</summary>
    public bool GradientIsOne { get; set; }

    public Shape Shape => View.Shape;

    /// <summary>The gradient's memory, in this tensor's shape.</summary>
    public TensorView Gradient => new(GradientStorage!.Buffer, 0, View.Shape);

    /// <summary>The gradient's memory, leased now if there was none.</summary>
    public TensorView LeaseGradient()
    {
        GradientStorage ??= Device.Pool.Lease(View.Length * sizeof(float));
        return Gradient;
    }

    public void ReleaseGradient()
    {
        HasGradient = false;
        GradientIsOne = false;
        if (GradientStorage is null) { return; }
        Device.Pool.Release(GradientStorage);
        GradientStorage = null;
    }
}
