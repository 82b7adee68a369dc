using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>Sizes and options of a scan.</summary>
/// <param name="OwnHighway">SRU: the highway input is a tensor of its own.</param>
public sealed record ScanCase(
    ScanCellKind Cell, int Steps, int Batch, int Hidden, bool OwnHighway = false, bool HasInitial = true, bool HasLengths = false, bool HasResets = false,
    bool Reverse = false)
{
    /// <summary>Columns of the gates.</summary>
    public int GateColumns => (Layouts.Gates(Cell) + (Cell == ScanCellKind.Sru && !OwnHighway ? 1 : 0)) * Hidden;

    /// <summary>T B H.</summary>
    public int Outputs => Steps * Batch * Hidden;

    /// <summary><c>[B]</c>, an empty row and one of all steps among them; null for none. Beyond both ends they are held.</summary>
    public int[]? Lengths { get; } = HasLengths ? Ragged(Batch, Steps) : null;

    /// <summary><c>[T, B]</c>, or null.</summary>
    public int[]? Resets { get; } = HasResets ? new TestData(8).Resets(Steps, Batch) : null;

    /// <summary>Every cell under every option that changes the path, small.</summary>
    public static IEnumerable<ScanCase> Options(ScanCellKind cell, int steps, int batch, int hidden)
    {
        for (int flags = 0; flags < 16; flags++)
        {
            yield return new ScanCase(
                cell, steps, batch, hidden, OwnHighway: cell == ScanCellKind.Sru && flags % 3 == 0, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0,
                (flags & 8) != 0);
        }
    }

    /// <summary>Steps that a row takes, in the order of processing.</summary>
    public IEnumerable<int> ActiveSteps(int row)
    {
        int length = Lengths is null ? Steps : Math.Clamp(Lengths[row], 0, Steps);
        IEnumerable<int> steps = Enumerable.Range(0, length);
        return Reverse ? steps.Reverse() : steps;
    }

    /// <summary>Whether a row takes step t.</summary>
    public bool IsActive(int t, int row) => Lengths is null || t < Lengths[row];

    /// <summary>Whether the row's state is cleared before step t.</summary>
    public bool Clears(int t, int row) => Resets is not null && Resets[(t * Batch) + row] != 0;

    /// <summary>Place in <c>[T, B, H]</c>.</summary>
    public int At(int t, int row, int unit) => (((t * Batch) + row) * Hidden) + unit;

    /// <summary>Place in the gates.</summary>
    public int GateAt(int t, int row, int gate, int unit) => (((t * Batch) + row) * GateColumns) + (gate * Hidden) + unit;

    /// <summary>Data <c>[T, B, columns]</c> within ±range, NaN at inactive steps.</summary>
    public double[] Sequence(ulong seed, int columns, float range)
    {
        double[] values = TestData.Widen(new TestData(seed).Uniform((long)Steps * Batch * columns, -range, range));

        // Factors of a plain recurrence stay within ±1, so that errors of earlier steps die out as they do behind a gate.
        bool factors = Cell == ScanCellKind.Diagonal && columns == GateColumns;
        for (int i = 0; i < values.Length; i++)
        {
            if (factors && i % columns < Hidden) { values[i] /= range; }
            if (!IsActive(i / columns / Batch, i / columns % Batch)) { values[i] = double.NaN; }
        }

        return values;
    }

    private static int[] Ragged(int batch, int steps)
    {
        int[] lengths = new TestData(7).Lengths(batch, steps);
        if (batch > 4) { (lengths[3], lengths[4]) = (-1, steps + 2); }
        return lengths;
    }
}
