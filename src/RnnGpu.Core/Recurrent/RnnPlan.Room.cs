namespace RnnGpu.Core;

public sealed partial class RnnPlan
{
    /// <summary>What to tell where the device has no room for this plan: its bytes, and the batch or the number of steps that would fit.</summary>
    /// <param name="cause">What the device said.</param>
    /// <param name="heldBytes">Bytes of the plan's that it gave before.</param>
    public OutOfDeviceMemoryException NoRoom(OutOfDeviceMemoryException cause, long heldBytes)
    {
        ArgumentNullException.ThrowIfNull(cause);
        long available = _backend.AvailableBytes;
        long room = available > long.MaxValue - heldBytes ? long.MaxValue : available + heldBytes;
        int batch = Largest(B, size => Options with { Batch = size }, room), steps = Largest(Options.Steps, size => Options with { Steps = size }, room);
        string smaller = (batch, steps) switch
        {
            (0, 0) => "not even one sequence of one step would: lower layers or hidden size",
            (_, 0) => $"a batch of {batch:N0} would fit",
            (0, _) => $"{steps:N0} steps would fit",
            _ => $"a batch of {batch:N0} would fit, or {steps:N0} steps",
        };
        string budget = Options.Training && Options.MemoryBudget is null ? "; so may a memory budget, at the price of a second forward pass" : "";
        return new OutOfDeviceMemoryException(
            $"the plan of {Layouts.Name(Spec.Cell)} {Spec.InputSize} -> {H}, {Spec.Layers} layer{(Spec.Layers == 1 ? "" : "s")}{(Spec.Bidirectional ? " in two directions" : "")}, batch {B:N0}, "
            + $"{Options.Steps:N0} steps takes {PlannedBytes:N0} bytes (reserve {ReserveBytes:N0}, workspace {WorkspaceBytes:N0}, packed weights {PackedBytes:N0}), but {_backend.Name} has "
            + $"{(room == long.MaxValue ? "less" : $"{room:N0} for it")}: {smaller}{budget}",
            cause);
    }

    /// <summary>The largest size below a given one with which the plan has room; 0 if there is none.</summary>
    private int Largest(int size, Func<int, RnnPlanOptions> with, long room)
    {
        int fits = 0, tooLarge = size;
        while (tooLarge - fits > 1)
        {
            int middle = fits + ((tooLarge - fits) / 2);
            if (Fits(with(middle), room)) { fits = middle; }
            else { tooLarge = middle; }
        }

        return fits;
    }

    private bool Fits(RnnPlanOptions options, long room)
    {
        try
        {
            return Create(_backend, Spec, options).PlannedBytes <= room;
        }
        catch (PlanDoesNotFitException)
        {
            return false;
        }
    }
}
