using RnnGpu.Core;

namespace RnnGpu.Nn;

/// <summary>
/// Lengths and resets of one pass as tables of row numbers, so that masking is a gather: exact, and deaf to whatever stands behind a
/// row's length, NaN included. Lengths and resets are read back once a pass; the tables go up in one piece each.
/// </summary>
internal sealed class StepSelection(Device device)
{
    private int[] _lengths = [], _resets = [], _table = [];
    private int _steps, _batch, _longest, _shortest;
    private bool _hasResets;
    private Tensor _inputs, _outputs, _states, _cleared;

    /// <summary>Steps that any row takes.</summary>
    public int Longest => _longest;

    /// <summary>Row numbers <c>[T, B]</c> into the input seen as a table, -1 (zeros) behind lengths; the default tensor without lengths.</summary>
    public Tensor Inputs => _inputs;

    /// <summary>Reads lengths and resets, either of which may be the default tensor, and makes the tables.</summary>
    /// <exception cref="ArgumentException">A length outside 0 to T.</exception>
    public void Set(Tensor lengths, Tensor resets, int steps, int batch)
    {
        (_steps, _batch, _longest, _shortest) = (steps, batch, steps, steps);
        _inputs = _outputs = _states = _cleared = default;
        if (!lengths.IsEmpty) { ReadLengths(lengths); }
        _hasResets = !resets.IsEmpty;
        if (_hasResets)
        {
            Grow(ref _resets, steps * batch);
            resets.CopyTo(_resets.AsSpan(0, steps * batch));
            _cleared = Table(static (self, t, b) => self._resets[(t * self._batch) + b] != 0 && self.Runs(t, b) ? -1 : b);
        }

        if (_shortest == steps) { return; }
        _inputs = Table(static (self, t, b) => self.Runs(t, b) ? (t * self._batch) + b : -1);
        _outputs = Table(static (self, t, b) => self.Runs(t, b) ? b : -1);
        _states = Table(static (self, t, b) => self.Runs(t, b) ? self._batch + b : b);
    }

    /// <summary>Whether some row's state is cleared before step t.</summary>
    public bool Clears(int t)
    {
        if (!_hasResets) { return false; }
        for (int b = 0; b < _batch; b++)
        {
            if (_resets[(t * _batch) + b] != 0 && Runs(t, b)) { return true; }
        }

        return false;
    }

    /// <summary>Whether all rows take step t.</summary>
    public bool IsFull(int t) => t < _shortest;

    /// <summary>The states that enter step t: zeros where it clears.</summary>
    public Tensor Cleared(Tensor state, int t) => state.Gather(_cleared[t]);

    /// <summary>The states that leave step t: the old ones of rows that have ended.</summary>
    public Tensor Merge(Tensor before, Tensor after, int t) => Tensor.Concat(0, before, after).Gather(_states[t]);

    /// <summary>The outputs of step t: zeros for rows that have ended.</summary>
    public Tensor Output(Tensor state, int t) => state.Gather(_outputs[t]);

    private bool Runs(int t, int b) => _shortest == _steps || t < _lengths[b];

    private void ReadLengths(Tensor lengths)
    {
        Grow(ref _lengths, _batch);
        lengths.CopyTo(_lengths.AsSpan(0, _batch));
        _longest = 0;
        for (int b = 0; b < _batch; b++)
        {
            int length = _lengths[b];
            if (length < 0 || length > _steps) { throw new ArgumentException($"row {b} has the length {length}: lengths are 0 to {_steps} here"); }
            _longest = Math.Max(_longest, length);
            _shortest = Math.Min(_shortest, length);
        }
    }

    private Tensor Table(Func<StepSelection, int, int, int> entry)
    {
        int count = checked(_steps * _batch);
        Grow(ref _table, count);
        for (int t = 0; t < _steps; t++)
        {
            for (int b = 0; b < _batch; b++) { _table[(t * _batch) + b] = entry(this, t, b); }
        }

        return device.Tensor(_table.AsSpan(0, count), new Shape(_steps, _batch));
    }

    private static void Grow(ref int[] buffer, int length)
    {
        if (buffer.Length < length) { buffer = new int[length]; }
    }
}
