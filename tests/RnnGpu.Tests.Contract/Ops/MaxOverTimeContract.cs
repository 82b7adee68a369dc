using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Contract;

public abstract partial class BackendContract
{
    [ContractFact]
    public void Max_over_time_and_its_gradient_equal_the_reference()
    {
        int turn = 0;
        foreach ((int steps, int batch, int columns) in new[] { (1, 1, 1), (5, 3, 7), (9, 2, 16), (4, 5, 65), (70, 4, 33), (130, 1, 130), (3, 0, 4), (2, 3, 0) })
        {
            foreach (bool withLengths in (ReadOnlySpan<bool>)[false, true])
            {
                var data = new TestData((ulong)((steps * 1000) + columns));

                // Few values, so that there are equal ones; lengths beyond both ends are held.
                float[] x = Array.ConvertAll(data.Integers((long)steps * batch * columns, -3, 3), i => i / 4f);
                int[]? lengths = withLengths && batch > 0 ? data.Lengths(batch, steps) : null;
                if (lengths is { Length: > 2 }) { (lengths[1], lengths[2]) = (-1, steps + 2); }
                if (turn++ % 3 == 1 && x.Length > 8) { (x[0], x[^3]) = (float.NaN, float.NaN); }
                float[] dy = data.Uniform((long)batch * columns);
                (float[] expected, int[] places) = MaxOverTimeReference.Forward(x, steps, batch, columns, lengths);
                string context = $"largest of {steps} steps x {batch} x {columns}{(withLengths ? ", lengths" : "")}";
                using var tensors = new GuardedTensors(Backend);
                TensorView rows = lengths is null ? default : tensors.Source("lengths", lengths, batch).View;
                GuardedTensor y = tensors.Destination("y", batch, columns), dx = tensors.Destination("dx", steps, batch, columns);
                GuardedTensor at = tensors.IntDestination("steps", batch, columns);
                Backend.MaxOverTime(tensors.Source("x", x, steps, batch, columns).View, rows, y.View, at.View);
                Compare.Bits(context, expected, y.Floats());
                Compare.Same($"steps of {context}", places, at.Ints());
                Backend.MaxOverTimeBackward(tensors.Source("dy", dy, batch, columns).View, at.View, dx.View);
                Compare.Bits($"gradient of {context}", MaxOverTimeReference.Backward(dy, places, steps), dx.Floats());
                tensors.Check(context);
            }
        }
    }

    [ContractFact]
    public void Max_over_time_refuses_shapes_that_do_not_fit()
    {
        using var tensors = new GuardedTensors(Backend);
        TensorView x = tensors.Source("x", new float[24], 4, 2, 3).View, flat = tensors.Source("flat", new float[24], 8, 3).View;
        TensorView y = tensors.Updated("y", new float[6], 2, 3).View, steps = tensors.IntDestination("steps", 2, 3).View;
        TensorView three = tensors.Source("three", new int[3], 3).View;
        Assert.Contains("[T, B, F]", RefusalOf(() => Backend.MaxOverTime(flat, default, y, steps)), StringComparison.Ordinal);
        Assert.Contains("lengths", RefusalOf(() => Backend.MaxOverTime(x, three, y, steps)), StringComparison.Ordinal);
        Assert.Contains("steps", RefusalOf(() => Backend.MaxOverTimeBackward(y, three, x)), StringComparison.Ordinal);
    }
}
