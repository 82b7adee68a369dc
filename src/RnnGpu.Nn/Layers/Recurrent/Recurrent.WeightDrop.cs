using RnnGpu.Core;

namespace RnnGpu.Nn;

public abstract partial class Recurrent
{
    private float _weightDrop;
    private uint _weightDropSite;
    private bool _hasWeightDropSite;
    private RnnLayerTensors[] _dropped = [];

    /// <summary>
    /// Weight drop (Wan et al. 2013; Merity et al. 2018): the probability with which, in a training pass, an element of a recurrent matrix
    /// <c>weight_hh</c> is 0; the others are divided by 1 - p. One mask holds for all steps of a pass, and the gradient goes to the raw
    /// matrix, which is the parameter that optimisers and checkpoints see. 0 for none; set it after construction.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 0, or 1 and above.</exception>
    public float WeightDrop
    {
        get => _weightDrop;
        set
        {
            _weightDrop = DropoutSite.Check(value);
            if (value == 0f || _hasWeightDropSite) { return; }
            _weightDropSite = Device.NextSites();
            _hasWeightDropSite = true;
        }
    }

    /// <summary>Drops elements of the recurrent matrices and packs what remains, for one pass.</summary>
    private Storage PackDropped(RnnPlan plan, RandomKey key)
    {
        if (_dropped.Length == 0) { _dropped = new RnnLayerTensors[_views.Length]; }
        long length = _views[0].WeightHh.Length;
        Storage storage = Device.Pool.Lease(_views.Length * length * sizeof(float));
        key = key with { Site = _weightDropSite };
        for (int i = 0; i < _views.Length; i++)
        {
            TensorView raw = _views[i].WeightHh;
            var dropped = new TensorView(storage.Buffer, i * length, raw.Shape);
            Device.Backend.Dropout(raw, WeightDrop, key, i * length, dropped);
            _dropped[i] = _views[i] with { WeightHh = dropped };
        }

        try
        {
            return _plans.PackOnce(plan, _dropped);
        }
        finally
        {
            Device.Pool.Release(storage);
        }
    }
}
