using RnnGpu.Core;
using RnnGpu.Cuda.Driver;
using RnnGpu.Cuda.Modules;

namespace RnnGpu.Cuda;

public sealed unsafe partial class CudaBackend
{
    // twins of the constants in layer_norm.cu
    private const int GammaColumns = 32;
    private const int GammaLanes = 8;
    private const int GammaPart = 256;

    private readonly Kernel<LayerNormParams> _layerNormWarp = new("layer_norm", "layer_norm_warp_f32");
    private readonly Kernel<LayerNormParams> _layerNormBlock = new("layer_norm", "layer_norm_block_f32");
    private readonly Kernel<LayerNormBackwardParams> _layerNormBackwardWarp = new("layer_norm", "layer_norm_backward_warp_f32");
    private readonly Kernel<LayerNormBackwardParams> _layerNormBackwardBlock = new("layer_norm", "layer_norm_backward_block_f32");
    private readonly Kernel<LayerNormBackwardParams> _layerNormGamma = new("layer_norm", "layer_norm_gamma_f32");

    /// <inheritdoc/>
    public void LayerNorm(
        in TensorView x, in TensorView gamma, in TensorView beta, float epsilon, in TensorView y, in TensorView mean, in TensorView rstd)
    {
        Check.LayerNorm(x, gamma, beta, y, mean, rstd);
        if (x.Length == 0) { return; }
        RowLaunch launch = RowsOf(x.Shape.Rows, x.Shape.Columns, kept: 1);
        LaunchRows(launch, _layerNormWarp, _layerNormBlock, new LayerNormParams
        {
            X = Pointer(x),
            Gamma = Pointer(gamma),
            Beta = Pointer(beta),
            Y = Pointer(y),
            Mean = Pointer(mean),
            Rstd = Pointer(rstd),
            Rows = x.Shape.Rows,
            Columns = x.Shape.Columns,
            Kept = launch.Kept,
            Epsilon = epsilon,
        });
    }

    /// <inheritdoc/>
    /// <remarks>dGamma and dBeta are sums of parts of 256 rows, in an order that depends on the shape alone.</remarks>
    public void LayerNormBackward(
        in TensorView x, in TensorView gamma, in TensorView mean, in TensorView rstd, in TensorView dy,
        in TensorView dx, in TensorView dGamma, in TensorView dBeta)
    {
        Check.LayerNormBackward(x, gamma, mean, rstd, dy, dx, dGamma, dBeta);
        if (x.Length == 0) { return; }
        int columns = x.Shape.Columns;
        RowLaunch launch = RowsOf(x.Shape.Rows, columns, kept: 2);
        var parameters = new LayerNormBackwardParams
        {
            X = Pointer(x),
            Gamma = Pointer(gamma),
            Mean = Pointer(mean),
            Rstd = Pointer(rstd),
            Dy = Pointer(dy),
            Dx = Pointer(dx),
            Rows = x.Shape.Rows,
            Columns = columns,
            Kept = launch.Kept,
        };

        // first what needs dy whole, since dx may take its place
        SumGammaAndBeta(parameters, Pointer(dGamma), Pointer(dBeta));
        LaunchRows(launch, _layerNormBackwardWarp, _layerNormBackwardBlock, parameters);
    }

    private void SumGammaAndBeta(LayerNormBackwardParams parameters, ulong dGamma, ulong dBeta)
    {
        int columns = parameters.Columns;
        long parts = Blocks(parameters.Rows, GammaPart);
        if (parts > MostParts)
        {
            throw new ArgumentException($"LayerNormBackward: {parameters.Rows:N0} rows are more than {(long)MostParts * GammaPart:N0}; cut the batch");
        }

        // Partial sums [2, parts, columns] stand behind what summing them takes itself.
        long each = parts * columns, further = 0;
        for (long rest = Blocks(parts, SumColumnPart); rest > 1; rest = Blocks(rest, SumColumnPart)) { further += rest * columns; }
        ulong partials = parts == 1 ? 0 : Scratch(((2 * each) + further) * sizeof(float)) + ((ulong)further * sizeof(float));
        parameters.DGamma = parts == 1 ? dGamma : partials;
        parameters.DBeta = parts == 1 ? dBeta : partials + ((ulong)each * sizeof(float));
        parameters.Accumulate = parts == 1 ? 1 : 0;
        _queue.Launch(_layerNormGamma, new Dim3((int)Blocks(columns, GammaColumns), (int)parts), new Dim3(GammaColumns, GammaLanes), 0, parameters);
        if (parts == 1) { return; }
        Walk kept = default, summed = default;
        kept.Append(columns, 1, 0, 1);
        summed.Append(parts, columns, 0, 0);
        Sum(parameters.DGamma, kept, summed, accumulate: true, dGamma);
        Sum(parameters.DBeta, kept, summed, accumulate: true, dBeta);
    }
}
