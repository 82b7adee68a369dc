namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Dropout"/>.</summary>
    public static void Dropout(in TensorView x, float probability, long first, in TensorView y)
    {
        Floats(x, nameof(x));
        Floats(y, nameof(y), x.Length);
        if (!(probability >= 0 && probability < 1)) { Fail(nameof(Dropout), $"probability {probability} is not in 0..1 (1 excluded)"); }
        if (first < 0) { Fail(nameof(Dropout), $"the first element's index {first} is negative"); }
    }
}
