namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Optimize"/>.</summary>
    public static void Optimize(in OptimizerStep step, in TensorView gradientScale, ReadOnlySpan<OptimizerSlot> slots)
    {
        if (step.Kind is < OptimizerKind.Sgd or > OptimizerKind.AdamW) { Fail(nameof(Optimize), $"{(int)step.Kind} is no update rule"); }
        bool adaptive = step.Kind is OptimizerKind.Adam or OptimizerKind.AdamW;
        if (adaptive && step.Step < 1) { Fail(nameof(Optimize), $"updates are counted from 1, but this is number {step.Step}"); }
        OptionalFloats(gradientScale, nameof(gradientScale), 1);
        foreach (ref readonly OptimizerSlot slot in slots)
        {
            Floats(slot.Weight, "a slot's weight");
            long length = slot.Weight.Length;
            Floats(slot.Gradient, "its gradient", length);
            if (step.Kind == OptimizerKind.Sgd)
            {
                OptionalFloats(slot.First, "its momentum", length);
                if (slot.First.IsEmpty && step.Beta1 != 0)
                {
                    Fail(nameof(Optimize), $"momentum {step.Beta1} needs a first state in every slot");
                }

                continue;
            }

            if (adaptive) { Floats(slot.First, "its first state", length); }
            Floats(slot.Second, "its second state", length);
        }
    }

    /// <summary>Arguments of <see cref="IBackend.ClipFactor"/>.</summary>
    public static void ClipFactor(in TensorView sumOfSquares, in TensorView y)
    {
        Floats(sumOfSquares, nameof(sumOfSquares), 1);
        Floats(y, nameof(y), 1);
    }
}
