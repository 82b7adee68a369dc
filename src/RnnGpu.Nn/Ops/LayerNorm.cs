using RnnGpu.Core;

namespace RnnGpu.Nn;

public readonly partial struct Tensor
{
    /// <summary>
    /// Layer normalisation over the last axis (Ba et al. 2016): <c>y = gamma (x - mean) / sqrt(variance + epsilon) + beta</c>.
    /// </summary>
    /// <param name="gamma"><c>[C]</c>.</param>
    /// <param name="beta"><c>[C]</c>.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit.</exception>
    public Tensor LayerNorm(Tensor gamma, Tensor beta, float epsilon = 1e-5f)
    {
        TensorSlot x = this.Float(nameof(LayerNorm)), g = gamma.Float(nameof(LayerNorm)), b = beta.Float(nameof(LayerNorm));
        int columns = x.Shape[Operands.Axis(x.Shape, -1, nameof(LayerNorm))];
        if (g.Shape.Length != columns || b.Shape.Length != columns)
        {
            throw new ArgumentException($"LayerNorm: gamma {g.Shape} and beta {b.Shape} do not fit the last axis of {x.Shape}");
        }

        Device device = x.Device;
        Tensor y = device.NewTensor(x.Shape);
        var rows = new Shape(checked((int)x.Shape.Rows));
        Tensor mean = device.NewTensor(rows), rstd = device.NewTensor(rows);
        device.Backend.LayerNorm(x.View.Table(), g.View, b.View, epsilon, y.View.Table(), mean.View, rstd.View);
        if (device.Records(x, g) || device.Records(b))
        {
            device.Tape.Record<LayerNormNode>().Set(x, g, b, mean.Slot, rstd.Slot, y);
        }

        mean.Release();
        rstd.Release();
        return y;
    }
}

internal sealed class LayerNormNode : TapeNode
{
    public void Set(TensorSlot x, TensorSlot gamma, TensorSlot beta, TensorSlot mean, TensorSlot rstd, Tensor y)
    {
        AddInput(x);
        AddInput(gamma);
        AddInput(beta);
        AddInput(mean);
        AddInput(rstd);
        AddOutput(y);
    }

    public override void Backward()
    {
        // One operation makes all three; what is not asked for goes to scratch memory.
        Storage? spareGamma = Wants(1) ? null : Device.Pool.Lease(X(1).Length * sizeof(float));
        Storage? spareBeta = Wants(2) ? null : Device.Pool.Lease(X(2).Length * sizeof(float));
        TensorView dGamma = spareGamma is null ? AccumulatedGradient(1) : Zeroed(spareGamma, X(1).Shape);
        TensorView dBeta = spareBeta is null ? AccumulatedGradient(2) : Zeroed(spareBeta, X(2).Shape);
        TensorView dx = Wants(0) ? BeginAssign(0) : Temporary(X(0).Shape);
        Backend.LayerNormBackward(
            X(0).Table(), X(1), X(3), X(4), Dy.Table(), dx.Table(), dGamma, dBeta);
        if (Wants(0)) { EndAssign(0); }
        else { EndTemporary(); }
        if (spareGamma is not null) { Device.Pool.Release(spareGamma); }
        if (spareBeta is not null) { Device.Pool.Release(spareBeta); }
    }

    private TensorView Zeroed(Storage storage, Shape shape)
    {
        var view = new TensorView(storage.Buffer, 0, shape);
        Backend.Fill(0f, view);
        return view;
    }
}
