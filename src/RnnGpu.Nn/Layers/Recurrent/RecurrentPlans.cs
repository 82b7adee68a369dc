using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>What tells one plan of a layer from another.</summary>
internal readonly record struct PlanKey(
    int Steps, int Batch, bool Training, bool InputGradient, bool Dropout, long? MemoryBudget, int? SpanSteps);

/// <summary>A plan, and when it was last asked for.</summary>
internal sealed class CachedPlan(RnnPlan plan)
{
    public RnnPlan Plan { get; } = plan;

    /// <summary>When it was last asked for.</summary>
    public long LastUse { get; set; }
}

/// <summary>
/// The plans of one recurrent layer, made when first needed, and its weights in the backend's layout: packed once for each version of the
/// parameters and each of the layouts (inference, training, training with the input's gradient), which plans of all lengths and batches share.
/// </summary>
internal sealed class RecurrentPlans(Device device, RnnSpec spec, IReadOnlyList<Parameter> parameters, RnnLayerTensors[] weights)
{
    private const int Capacity = 64;

    private readonly Dictionary<PlanKey, CachedPlan> _plans = [];
    private readonly Packing[] _packings = [new(), new(), new()];
    private readonly RnnSpec _withoutDropout = spec with { Dropout = 0f };
    private long _uses;

    /// <summary>How often weights were packed for reuse.</summary>
    public long Packings { get; private set; }

    public CachedPlan Get(PlanKey key)
    {
        if (!_plans.TryGetValue(key, out CachedPlan? cached))
        {
            if (_plans.Count == Capacity) { Evict(); }
            cached = new CachedPlan(RnnPlan.Create(device.Backend, key.Dropout ? spec : _withoutDropout, new RnnPlanOptions
            {
                Batch = key.Batch,
                Steps = key.Steps,
                Training = key.Training,
                InputGradient = key.InputGradient,
                MemoryBudget = key.MemoryBudget,
                SpanSteps = key.SpanSteps,
            }));
            _plans.Add(key, cached);
        }

        cached.LastUse = ++_uses;
        return cached;
    }

    /// <summary>Makes a plan ready to run on the present weights, which are packed if they changed since the last time.</summary>
    /// <returns>Where they lie packed; the layer's.</returns>
    public Storage UsePresent(RnnPlan plan)
    {
        long version = 0;
        for (int i = 0; i < parameters.Count; i++) { version += parameters[i].Version; }
        Packing packing = _packings[!plan.Options.Training ? 0 : plan.Options.InputGradient ? 2 : 1];
        if (packing.Storage is not null && packing.Version == version)
        {
            // A pass with dropped weights may have packed others in the meantime.
            plan.Use(weights, Region(packing.Storage));
            return packing.Storage;
        }

        foreach (Packing other in _packings)
        {
            if (other.Version != version) { GiveBack(other); }
        }

        packing.Storage = Lease(plan, plan.PackedBytes, held: 0);
        packing.Version = version;
        Packings++;
        plan.Pack(weights, Region(packing.Storage));
        return packing.Storage;
    }

    /// <summary>Packs weights that hold for one pass only.</summary>
    /// <returns>Where; the caller's to release.</returns>
    public Storage PackOnce(RnnPlan plan, RnnLayerTensors[] passing)
    {
        Storage packed = Lease(plan, plan.PackedBytes, held: 0);
        plan.Pack(passing, Region(packed));
        return packed;
    }

    /// <summary>Memory of a plan.</summary>
    /// <exception cref="OutOfDeviceMemoryException">The device has no room; says what would fit.</exception>
    public Storage Lease(RnnPlan plan, long bytes, long held) => Lease(device, plan, bytes, held);

    /// <inheritdoc cref="Lease(RnnPlan, long, long)"/>
    public static Storage Lease(Device device, RnnPlan plan, long bytes, long held)
    {
        try
        {
            return device.Pool.Lease(bytes);
        }
        catch (OutOfDeviceMemoryException e)
        {
            throw plan.NoRoom(e, held);
        }
    }

    public static MemoryRegion Region(Storage storage) => new(storage.Buffer, 0, storage.Bytes / sizeof(float));

    public void Release()
    {
        foreach (Packing packing in _packings) { GiveBack(packing); }
        _plans.Clear();
    }

    private void Evict()
    {
        PlanKey oldest = default;
        long use = long.MaxValue;
        foreach ((PlanKey key, CachedPlan plan) in _plans)
        {
            if (plan.LastUse < use) { (oldest, use) = (key, plan.LastUse); }
        }

        _plans.Remove(oldest);
    }

    private void GiveBack(Packing packing)
    {
        if (packing.Storage is not null) { device.Pool.Release(packing.Storage); }
        packing.Storage = null;
    }

    /// <summary>Weights in one layout.</summary>
    private sealed class Packing
    {
        /// <summary>Where, or null when never packed or given back.</summary>
        public Storage? Storage { get; set; }

        /// <summary>State of the parameters that were packed.</summary>
        public long Version { get; set; }
    }
}
