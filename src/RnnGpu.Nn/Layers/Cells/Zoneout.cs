using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Zoneout (Krueger et al. 2017) around any cell: each element of a state keeps its old value with probability z. In evaluation mode
/// the expectation takes the place of chance:
/// <code>
/// training:    s' = s + m (s~ - s),  m = 0 with probability z, else 1;  s~ the cell's new state
/// evaluation:  s' = s + (1 - z) (s~ - s)
/// </code>
/// Masks come from the device's seed and step, the place of construction and the time step, and differ between time steps. The
/// cell's parameters keep their names.
/// </summary>
public sealed class Zoneout : RecurrentCell
{
    private readonly RecurrentCell _inner;
    private readonly float[] _rates;
    private readonly uint _site;
    private long _stepStart = -1;
    private long _drawn;

    /// <summary>Around a cell.</summary>
    /// <param name="inner">The cell; it belongs to this one then.</param>
    /// <param name="rates">z of each of its states, at least 0 and below 1: for an LSTM those of h and c (0.05 and 0.5 in the paper).</param>
    /// <exception cref="ArgumentException">Another number of rates than states, or a rate out of range.</exception>
    public Zoneout(RecurrentCell inner, params ReadOnlySpan<float> rates)
        : base((inner ?? throw new ArgumentNullException(nameof(inner))).Device, inner.InputSize, inner.StateSizes)
    {
        if (rates.Length != inner.StateSizes.Length)
        {
            throw new ArgumentException($"zoneout of {inner.Description} takes a rate for each of its {inner.StateSizes.Length} states, not {rates.Length}", nameof(rates));
        }

        foreach (float rate in rates)
        {
            if (!(rate is >= 0f and < 1f)) { throw new ArgumentException($"a zoneout rate must be at least 0 and below 1, not {rate}", nameof(rates)); }
        }

        _inner = inner;
        _rates = rates.ToArray();
        _site = Device.NextSites(rates.Length);
        foreach ((string name, Parameter parameter) in inner.State())
        {
            if (!name.Contains('.', StringComparison.Ordinal)) { AddShared(name, parameter); }
        }

        AddModule("cell", inner);
    }

    /// <inheritdoc/>
    public override string Description => $"{_inner.Description} with zoneout {string.Join(", ", _rates)}";

    /// <inheritdoc/>
    public override string StepwiseReason => _inner is LstmVariantCell { Peepholes: false, Projection: 0 } or GruVariantCell
        ? "the fused loop has no zoneout"
        : $"the fused loop has no zoneout, and {_inner.StepwiseReason}";

    /// <inheritdoc/>
    public override Tensor Project(Tensor input) => _inner.Project(input);

    /// <inheritdoc/>
    public override void Step(Tensor projected, ref CellStates states)
    {
        CellStates before = states;
        _inner.Step(projected, ref states);
        if (_stepStart != Device.StepStart) { (_stepStart, _drawn) = (Device.StepStart, 0); }
        for (int i = 0; i < _rates.Length; i++)
        {
            if (_rates[i] == 0f) { continue; }

            // Inverted dropout divides by 1 - z what it keeps: the factor undoes that, and is the expectation's factor without it.
            Tensor change = states[i] - before[i];
            if (Training) { change = change.Dropout(_rates[i], new RandomKey(Device.Seed, Device.Step, _site + (uint)i), _drawn); }
            states[i] = before[i] + (change * (1f - _rates[i]));
        }

        if (Training) { _drawn += (long)before[0].Shape[0] * LargestState; }
    }

    /// <summary>How far every state's stream moves on in a row and step.</summary>
    private int LargestState
    {
        get
        {
            int size = 0;
            foreach (int state in StateSizes) { size = Math.Max(size, state); }
            return size;
        }
    }
}
