using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>What tells one plan of a layer from another.</summary>
internal readonly record struct PlanKey(
    int Steps, int Batch, bool Training, bool InputGradient, bool Dropout, long? MemoryBudget, int? SpanSteps);

/// <summary>A plan with the memory its weights are packed into.</summary>
internal sealed class CachedPlan(RnnPlan plan)
{
    public RnnPlan Plan { get; } = plan;

    /// <summary>Weights in the backend's layout, or null when never packed or given back.</summary>
    public Storage? Packed { get; set; }

    /// <summary>State of the parameters that were packed.</summary>
    public long Version { get; set; }

    /// <summary>When it was last asked for.</summary>
    public long LastUse { get; set; }
}

/// <summary>
/// The plans of one recurrent layer, made when first needed. A plan's packed weights are made again when the parameters
/// changed; memory of stale ones goes back, so that many sequence lengths do not hold as many copies.
/// </summary>
internal sealed class RecurrentPlans(Device device, RnnSpec spec, IReadOnlyList<Parameter> parameters, RnnLayerTensors[] weights)
{
    private const int Capacity = 64;

    private readonly Dictionary<PlanKey, CachedPlan> _plans = [];
    private readonly RnnSpec _withoutDropout = spec with { Dropout = 0f };
    private long _uses;

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

    /// <summary>A plan ready to run on the present weights.</summary>
    public CachedPlan GetPacked(PlanKey key)
    {
        CachedPlan cached = Get(key);
        long version = 0;
        for (int i = 0; i < parameters.Count; i++) { version += parameters[i].Version; }
        if (cached.Packed is not null && cached.Version == version)
        {
            // A pass with dropped weights may have packed others in the meantime.
            cached.Plan.Use(weights, Region(cached.Packed));
            return cached;
        }

        foreach ((_, CachedPlan other) in _plans)
        {
            if (other.Packed is not null && other.Version != version) { GiveBack(other); }
        }

        cached.Packed = Lease(cached.Plan, cached.Plan.PackedBytes, held: 0);
        cached.Version = version;
        cached.Plan.Pack(weights, Region(cached.Packed));
        return cached;
    }

    /// <summary>Packs weights that hold for one pass only.</summary>
    /// <returns>Where; the caller's to release.</returns>
    public Storage PackOnce(CachedPlan cached, RnnLayerTensors[] passing)
    {
        Storage packed = Lease(cached.Plan, cached.Plan.PackedBytes, held: 0);
        cached.Plan.Pack(passing, Region(packed));
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
        foreach ((_, CachedPlan plan) in _plans) { GiveBack(plan); }
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

        GiveBack(_plans[oldest]);
        _plans.Remove(oldest);
    }

    private void GiveBack(CachedPlan plan)
    {
        if (plan.Packed is not null) { device.Pool.Release(plan.Packed); }
        plan.Packed = null;
    }
}
