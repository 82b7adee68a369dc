using RnnGpu.Core;

namespace RnnGpu.Cuda;

/// <summary>One product of a cell's step: so many gates of R at once, from the first named on.</summary>
internal readonly record struct StepGates(int First, int Count);

/// <summary>
/// How this backend keeps recurrent weights, and what it needs of the workspace. Counted in words (<see cref="ProductLayout"/>). Weights, for each
/// product of the cell's step: forward, rows in groups of 8 units' rows of each gate, <c>[Hp Gates, pitch(H)]</c>; behind all those, when training,
/// the transposes, <c>[Hp, pitch(Gates H)]</c>; Hp is H padded to 16. Workspace: the chunk's description, then copies of states (forward) or gate
/// gradients (backward) in the mode's factors, which the products read.
/// </summary>
internal readonly struct RecurrentLayout(ComputeMode mode, CellKind cell, int hidden)
{
    /// <summary>Bytes in front of the copies.</summary>
    public const int DescriptionBytes = 128;

    // Words of a slab of a step's product, and units that its largest tile has.
    private const int SlabWords = 32;
    private const int TileUnits = 16;

    public readonly ComputeMode Mode = mode;
    public readonly CellKind Cell = cell;
    public readonly int Hidden = hidden;

    /// <summary>Products of a step: two for GRU reset-before, whose candidate waits for the reset state.</summary>
    public int Products => Cell == CellKind.GruResetBefore ? 2 : 1;

    public long PaddedHidden => ProductLayout.RoundUp(Hidden, TileUnits);

    public StepGates Gates(int product) => Cell == CellKind.GruResetBefore
        ? product == 0 ? new StepGates(0, 2) : new StepGates(2, 1)
        : new StepGates(0, Layouts.Gates(Cell));

    /// <summary>Words of a row of so many blocks of H factors.</summary>
    public int Pitch(int blocks) => checked((int)ProductLayout.Pitch(Mode, (long)blocks * Hidden, SlabWords));

    /// <summary>Where a product's forward weights lie, in words.</summary>
    public long Forward(int product) => product == 0 ? 0 : PaddedHidden * Gates(0).Count * Pitch(1);

    /// <summary>Where a product's backward weights lie, in words.</summary>
    public long Backward(int product) => ForwardWords + (product == 0 ? 0 : PaddedHidden * Pitch(Gates(0).Count));

    public long PackedBytes(bool training)
    {
        long words = ForwardWords;
        for (int i = 0; training && i < Products; i++) { words += PaddedHidden * Pitch(Gates(i).Count); }
        return checked(words * 4);
    }

    /// <summary>Words of a batch's copies: two in turn of what the first product reads, and one for the second product.</summary>
    public long CopyWords(bool backward, int batch)
    {
        int first = backward ? Pitch(Gates(0).Count) : Pitch(1);
        return checked(batch * ((2L * first) + (Products == 2 ? Pitch(1) : 0)));
    }

    /// <summary>Counters of a persistent loop behind the copies: one a tile of rows, of the smallest.</summary>
    public static long ArrivalWords(int batch) => ProductLayout.RoundUp(ProductLayout.Tiles(batch, 8), 4);

    public long WorkspaceBytes(bool training, int batch) =>
        DescriptionBytes + (4 * (ArrivalWords(batch) + (training ? Math.Max(CopyWords(false, batch), CopyWords(true, batch)) : CopyWords(false, batch))));

    private long ForwardWords => PaddedHidden * Layouts.Gates(Cell) * Pitch(1);
}

/// <summary>Tiles of the steps' kernels, and what their launches take (kernels/cuda/recurrent/step_product.cuh).</summary>
/// <param name="Rows">Rows of a tile.</param>
/// <param name="Units">Units of a tile.</param>
/// <param name="Threads">Threads of a block.</param>
internal readonly record struct StepTile(int Rows, int Units, int Threads)
{
    private const int PitchBytes = 144;

    /// <summary>The small tile of a mode and the large one, which reads less but needs more rows to be worth it.</summary>
    public static StepTile Of(ComputeMode mode, bool large) => mode == ComputeMode.Fp32
        ? large ? new StepTile(32, 16, 128) : new StepTile(8, 16, 128)
        : large ? new StepTile(64, 16, 256) : new StepTile(32, 8, 128);

    /// <summary>Whether large tiles give every multiprocessor work.</summary>
    public static bool ChooseLarge(ComputeMode mode, int batch, int hidden, int multiprocessors)
    {
        StepTile large = Of(mode, large: true);
        return batch > Of(mode, large: false).Rows
            && ProductLayout.Tiles(batch, large.Rows) * ProductLayout.Tiles(hidden, large.Units) >= multiprocessors;
    }

    public string Name => $"{Rows}x{Units}";

    /// <summary>Dynamic shared memory of a block: the ring of slabs, or the partial sums that take its place.</summary>
    public int SharedBytes(ComputeMode mode, int gates)
    {
        int columns = Units * gates, stages = Rows + columns > 96 ? 3 : 4;
        int ring = stages * (Rows + columns) * PitchBytes;
        return Math.Max(ring, PartialBytes(mode, gates));
    }

    /// <summary>Partial sums of a tile's products on tensor cores.</summary>
    public int PartialBytes(ComputeMode mode, int gates)
    {
        int columns = Units * gates;
        return mode == ComputeMode.Fp32 ? 0 : 4 * Rows * (columns + ((24 - (columns % 16)) % 16)) * 4;
    }
}
