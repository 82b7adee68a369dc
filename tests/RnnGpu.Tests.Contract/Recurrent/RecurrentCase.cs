using RnnGpu.Core;

namespace RnnGpu.Tests.Contract;

/// <summary>One direction of one layer over a sequence, with its data: what a recurrent operation is tested on.</summary>
public sealed record RecurrentCase(CellKind Cell, int Steps, int Batch, int Hidden, bool Reverse, bool HasLengths, bool HasResets)
{
    public int Gates => Layouts.Gates(Cell);

    public bool HasExtra => Layouts.HasExtra(Cell);

    public bool HasCellState => Layouts.HasCellState(Cell);

    public float[] Weights { get; private init; } = [];

    /// <summary>b_hn, GRU reset-after only; empty: none.</summary>
    public float[] RecurrentBias { get; private init; } = [];

    /// <summary><c>[T, B, G*H]</c>; NaN at inactive steps, which must not be read.</summary>
    public float[] Pre { get; private init; } = [];

    public float[] H0 { get; private init; } = [];

    public float[] C0 { get; private init; } = [];

    /// <summary><c>[T, B, H]</c> gradient of the outputs; NaN at inactive steps, which must not be read.</summary>
    public float[] Dy { get; private init; } = [];

    public float[] DhLast { get; private init; } = [];

    public float[] DcLast { get; private init; } = [];

    public int[]? Lengths { get; private init; }

    public int[]? Resets { get; private init; }

    public bool IsActive(int t, int b) => Lengths is null || t < Lengths[b];

    /// <summary>The case with its data made.</summary>
    public RecurrentCase Make(bool bias = true)
    {
        var data = new TestData((ulong)(((((((int)Cell * 200) + Hidden) * 100) + Batch) * 100) + Steps));
        int[]? lengths = HasLengths ? data.Lengths(Batch, Steps) : null;
        RecurrentCase made = this with
        {
            Weights = data.GateWeights(Gates, Hidden, Hidden),
            RecurrentBias = bias && Layouts.HasSeparateRecurrentBias(Cell) ? data.Uniform(Hidden, -0.5f, 0.7f) : [],
            Pre = data.Uniform((long)Steps * Batch * Gates * Hidden, -1.2f, 1.5f),
            H0 = data.Uniform((long)Batch * Hidden, -0.8f, 0.6f),
            C0 = data.Uniform((long)Batch * Hidden, -1.3f, 1.1f),
            Dy = data.Uniform((long)Steps * Batch * Hidden, -0.9f, 1),
            DhLast = data.Uniform((long)Batch * Hidden, -0.7f, 1),
            DcLast = data.Uniform((long)Batch * Hidden, -1, 0.8f),
            Lengths = lengths,
            Resets = HasResets ? data.Resets(Steps, Batch) : null,
        };
        made.SpoilInactive(made.Pre, Gates * Hidden);
        made.SpoilInactive(made.Dy, Hidden);
        return made;
    }

    /// <summary>One row of the batch as a case of its own.</summary>
    public RecurrentCase Row(int b) => this with
    {
        Batch = 1,
        Pre = Slice(Pre, Gates * Hidden, b),
        H0 = H0[(b * Hidden)..((b + 1) * Hidden)],
        C0 = C0[(b * Hidden)..((b + 1) * Hidden)],
        Dy = Slice(Dy, Hidden, b),
        DhLast = DhLast[(b * Hidden)..((b + 1) * Hidden)],
        DcLast = DcLast[(b * Hidden)..((b + 1) * Hidden)],
        Lengths = Lengths is null ? null : [Lengths[b]],
        Resets = Resets is null ? null : Slice(Resets, 1, b),
    };

    /// <summary>Row b of a <c>[T, B, width]</c> array, <c>[T, 1, width]</c>; slots <c>[T+1, B, width]</c> likewise.</summary>
    public T[] Slice<T>(T[] values, int width, int b)
    {
        int rows = values.Length / (Batch * width);
        var row = new T[rows * width];
        for (int t = 0; t < rows; t++) { Array.Copy(values, ((t * Batch) + b) * width, row, t * width, width); }
        return row;
    }

    /// <summary>The float64 reference of this case, with the products' factors as a mode rounds them.</summary>
    public RecurrenceReference Reference(ComputeMode mode = ComputeMode.Fp32) => new(Cell, Steps, Batch, Hidden)
    {
        Mode = mode,
        WeightHh = TestData.Widen(Factors.Round(mode, Weights)),
        RecurrentBias = RecurrentBias.Length == 0 ? null : TestData.Widen(RecurrentBias),
        Reverse = Reverse,
        Lengths = Lengths,
        Resets = Resets,
    };

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Layouts.Name(Cell)} T={Steps} B={Batch} H={Hidden}{(Reverse ? " reverse" : "")}{(HasLengths ? " lengths" : "")}{(HasResets ? " resets" : "")}";

    private void SpoilInactive(float[] values, int width)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!IsActive(i / width / Batch, i / width % Batch)) { values[i] = float.NaN; }
        }
    }
}
