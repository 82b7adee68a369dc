using RnnGpu.Core;
using RnnGpu.Cpu.Gemm;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu.Recurrent;

/// <summary>
/// How this backend keeps recurrent weights. Units are taken in blocks of <see cref="Block"/>. Forward: for each block, for each
/// gate, a panel <c>[H, Block]</c> of R^T, so that a block's gates are computed one after another and its cells at once. Backward:
/// R itself in panels <c>[G*H, Block]</c>, behind the forward panels.
/// </summary>
internal readonly unsafe struct RecurrentLayout<T>(CellKind cell, int hidden)
    where T : struct, ISimd<T>
{
    /// <summary>Units of a block: the columns of a panel.</summary>
    public static int Block => Tile<T>.Columns;

    public readonly int Gates = Layouts.Gates(cell);
    public readonly int Hidden = hidden;

    public int Blocks => (Hidden + Block - 1) / Block;

    /// <summary>Units of a block: fewer in the last one.</summary>
    public int Units(int block) => Math.Min(Block, Hidden - (block * Block));

    private long ForwardFloats => (long)Blocks * Gates * Hidden * Block;

    public long Bytes(bool training) => (training ? 2 : 1) * ForwardFloats * sizeof(float);

    /// <summary>Panel <c>[H, Block]</c> of a gate's product.</summary>
    public float* Forward(float* packed, int block, int gate) => packed + ((((long)block * Gates) + gate) * Hidden * Block);

    /// <summary>Panel of the product with R, from the first row of a gate on.</summary>
    public float* Backward(float* packed, int block, int gate) =>
        packed + ForwardFloats + ((((long)block * Gates) + gate) * Hidden * Block);

    /// <summary>Packs one block's panels.</summary>
    public void Pack(float* weight, int block, bool training, float* packed)
    {
        int units = Units(block);
        for (int gate = 0; gate < Gates; gate++)
        {
            var transposed = new Operand(weight + ((long)gate * Hidden * Hidden), 1, Hidden);
            Packing<T>.Panel(transposed, 0, Hidden, (long)block * Block, units, Forward(packed, block, gate));
        }

        if (training)
        {
            var plain = new Operand(weight, Hidden, 1);
            Packing<T>.Panel(plain, 0, (long)Gates * Hidden, (long)block * Block, units, Backward(packed, block, 0));
        }
    }
}
