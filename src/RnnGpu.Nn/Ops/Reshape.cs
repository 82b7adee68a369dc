using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>The same values under another shape of equal length. Copies nothing.</summary>
    /// <exception cref="ArgumentException">Another number of elements.</exception>
    public Tensor Reshape(Shape shape)
    {
        TensorSlot x = Operand();
        Device device = x.Device;
        Tensor y = device.NewView(x, x.View.Reshape(shape));
        if (device.Records(x)) { device.Tape.Record<ReshapeNode>().Set(x, y); }
        return y;
    }

    /// <summary>The same values under another shape; one size may be -1 and follows from the others.</summary>
    /// <exception cref="ArgumentException">Another number of elements.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> sizes)
    {
        Span<int> known = stackalloc int[Shape.MaxRank];
        if (sizes.Length > Shape.MaxRank) { throw new ArgumentException($"a tensor has at most {Shape.MaxRank} axes, not {sizes.Length}"); }
        long length = Length, product = 1;
        int free = -1;
        for (int i = 0; i < sizes.Length; i++)
        {
            known[i] = sizes[i];
            if (sizes[i] != -1) { product *= sizes[i]; }
            else if (free < 0) { free = i; }
            else { throw new ArgumentException("Reshape: only one size may be -1"); }
        }

        if (free >= 0)
        {
            if (product == 0 || length % product != 0)
            {
                throw new ArgumentException($"Reshape: {length} elements of {Shape} do not divide among the given sizes");
            }

            known[free] = (int)(length / product);
        }

        return Reshape(new Shape(known[..sizes.Length]));
    }
}

internal sealed class ReshapeNode : TapeNode
{
    public void Set(TensorSlot x, Tensor y)
    {
        AddInput(x);
        AddOutput(y);
    }

    public override void Backward() => PassGradient(0);
}
