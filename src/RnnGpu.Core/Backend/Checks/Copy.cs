namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.CopyStrided"/>; gives the merged walk, a: source, y: destination.</summary>
    public static void CopyStrided(
        in TensorView source, Strides sourceStrides, Shape shape, bool accumulate, in TensorView destination, Strides destinationStrides,
        out Walk walk)
    {
        if (source.IsEmpty || destination.IsEmpty || source.DType != destination.DType || (accumulate && source.DType != DType.F32))
        {
            Fail(
                nameof(CopyStrided),
                $"source is {source}, destination {destination}; they must have one type, and be floats to accumulate");
        }

        walk = default;
        if (shape.Length > 0)
        {
            CheckReach(source, nameof(source), sourceStrides, shape);
            CheckReach(destination, nameof(destination), destinationStrides, shape);
        }

        for (int i = 0; i < shape.Rank; i++) { walk.Append(shape[i], sourceStrides[i], 0, destinationStrides[i]); }
    }

    private static void CheckReach(in TensorView view, string name, Strides strides, Shape shape)
    {
        long low = 0, high = 0;
        for (int i = 0; i < shape.Rank; i++)
        {
            long reach = (shape[i] - 1) * strides[i];
            if (reach < 0) { low += reach; }
            else { high += reach; }
        }

        if (low < 0 || high >= view.Length)
        {
            Fail(nameof(CopyStrided), $"a walk of {shape} reaches elements {low}..{high} of {name}, which is {view}");
        }
    }
}
