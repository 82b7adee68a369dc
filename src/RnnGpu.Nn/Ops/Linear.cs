using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// Affine map over the last axis, with the activation in the product's epilogue: <c>y = act(x W^T + b)</c>.
    /// </summary>
    /// <param name="weight"><c>[N, K]</c>, as PyTorch's <c>Linear.weight</c>.</param>
    /// <param name="bias"><c>[N]</c>, or the default tensor for none.</param>
    /// <param name="activation">Applied to the sum.</param>
    /// <returns><c>[.., N]</c> for x <c>[.., K]</c>.</returns>
    /// <exception cref="ArgumentException">Sizes that do not fit.</exception>
    public Tensor Linear(Tensor weight, Tensor bias = default, GemmActivation activation = GemmActivation.None)
    {
        TensorSlot x = this.Float(nameof(Linear)), w = weight.Float(nameof(Linear));
        TensorSlot? b = bias.IsEmpty ? null : bias.Float(nameof(Linear));
        Operands.SameDevice(x, w, nameof(Linear));
        if (w.Shape.Rank != 2 || x.Shape.Rank == 0 || x.Shape[^1] != w.Shape[1])
        {
            throw new ArgumentException($"Linear: an input {x.Shape} does not fit a weight {w.Shape} of [outputs, inputs]");
        }

        if (b is not null && b.Shape.Length != w.Shape[0])
        {
            throw new ArgumentException($"Linear: a bias {b.Shape} does not fit a weight {w.Shape} of [outputs, inputs]");
        }

        Device device = x.Device;
        Tensor y = device.NewTensor(x.Shape.WithColumns(w.Shape[0]));
        TensorView offset = b?.View ?? default;
        if (w.Parameter is { } parameter && parameter.TryPackTransposed(out TensorView packed))
        {
            device.Backend.GemmPacked(x.View.AsMatrix(), packed, w.Shape[1], w.Shape[0], offset, activation, accumulate: false, y.View.AsMatrix());
        }
        else
        {
            device.Backend.Gemm(x.View.AsMatrix(), w.View.AsMatrix().T, offset, activation, accumulate: false, y.View.AsMatrix());
        }

        if (device.Records(x, w) || (b is not null && device.Records(b)))
        {
            device.Tape.Record<LinearNode>().Set(x, w, b, activation, y);
        }

        return y;
    }
}

internal sealed class LinearNode : TapeNode
{
    private GemmActivation _activation;

    public void Set(TensorSlot x, TensorSlot weight, TensorSlot? bias, GemmActivation activation, Tensor y)
    {
        _activation = activation;
        AddInput(x);
        AddInput(weight);
        if (bias is not null) { AddInput(bias); }
        AddOutput(y);
    }

    public override void Backward()
    {
        TensorView dz = Dy;
        if (_activation != GemmActivation.None)
        {
            // All three slopes follow from the result alone, so the pre-activation was never stored; dz takes dy's place.
            Backend.UnaryBackward(Slope(_activation), 0f, Y, Y, dz, accumulate: false, dz);
        }

        MatrixView gradient = dz.AsMatrix();
        if (Wants(1))
        {
            TensorView dw = Gradient(1, out bool accumulate);
            Backend.Gemm(gradient.T, X(0).AsMatrix(), default, GemmActivation.None, accumulate, dw.AsMatrix());
        }

        if (InputCount == 3 && Wants(2)) { Backend.AddColumnSums(gradient, AccumulatedGradient(2)); }
        if (Wants(0))
        {
            TensorView dx = Gradient(0, out bool accumulate);
            Backend.Gemm(gradient, X(1).AsMatrix(), default, GemmActivation.None, accumulate, dx.AsMatrix());
        }
    }

    private static UnaryOp Slope(GemmActivation activation) => activation switch
    {
        GemmActivation.Relu => UnaryOp.Relu,
        GemmActivation.Tanh => UnaryOp.Tanh,
        GemmActivation.Sigmoid => UnaryOp.Sigmoid,
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "no such epilogue"),
    };
}
