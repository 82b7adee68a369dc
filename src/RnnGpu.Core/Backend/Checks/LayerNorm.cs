namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.LayerNorm"/>.</summary>
    public static void LayerNorm(
        in TensorView x, in TensorView gamma, in TensorView beta, in TensorView y, in TensorView mean, in TensorView rstd)
    {
        Floats(x, nameof(x));
        int columns = x.Shape.Columns;
        Floats(gamma, nameof(gamma), columns);
        Floats(beta, nameof(beta), columns);
        SameMatrix(y, nameof(y), x, nameof(x));
        Floats(mean, nameof(mean), x.Shape.Rows);
        Floats(rstd, nameof(rstd), x.Shape.Rows);
    }

    /// <summary>Arguments of <see cref="IBackend.LayerNormBackward"/>.</summary>
    public static void LayerNormBackward(
        in TensorView x, in TensorView gamma, in TensorView mean, in TensorView rstd, in TensorView dy,
        in TensorView dx, in TensorView dGamma, in TensorView dBeta)
    {
        Floats(x, nameof(x));
        long rows = x.Shape.Rows;
        int columns = x.Shape.Columns;
        Floats(gamma, nameof(gamma), columns);
        Floats(mean, nameof(mean), rows);
        Floats(rstd, nameof(rstd), rows);
        SameMatrix(dy, nameof(dy), x, nameof(x));
        SameMatrix(dx, nameof(dx), x, nameof(x));
        Floats(dGamma, nameof(dGamma), columns);
        Floats(dBeta, nameof(dBeta), columns);
    }
}
