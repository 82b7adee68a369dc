using RnnGpu.Core;

namespace RnnGpu.Bench;

/// <summary>Random tensors for benchmarks.</summary>
internal static class Operands
{
    /// <summary>A tensor of uniform numbers in -scale..scale.</summary>
    public static TensorView Random(IBackend backend, Shape shape, uint site, float scale = 0.1f)
    {
        var stream = new PhiloxStream(new RandomKey(1, 0, site));
        var values = new float[shape.Length];
        for (int i = 0; i < values.Length; i++) { values[i] = ((stream.NextFloat() * 2) - 1) * scale; }
        var view = new TensorView(backend.Allocate(shape.Length * sizeof(float)), 0, shape);
        backend.Upload<float>(values, view);
        return view;
    }
}
