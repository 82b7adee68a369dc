namespace RnnGpu.Core;

/// <summary>Element type of a tensor. Parameters, gradients and cell state are always <see cref="F32"/>.</summary>
public enum DType
{
    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>Signed 32-bit integer: token indices, lengths, reset flags.</summary>
    I32,
}

/// <summary>Sizes and conversions of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype switch
    {
        DType.F32 or DType.I32 => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "unknown element type"),
    };

    /// <summary>The element type that stores <typeparamref name="T"/>.</summary>
    /// <exception cref="ArgumentException">No tensor holds elements of that type.</exception>
    public static DType Of<T>()
        where T : unmanaged
    {
        if (typeof(T) == typeof(float)) { return DType.F32; }
        if (typeof(T) == typeof(int)) { return DType.I32; }
        throw new ArgumentException($"tensors hold float or int, not {typeof(T).Name}");
    }
}
