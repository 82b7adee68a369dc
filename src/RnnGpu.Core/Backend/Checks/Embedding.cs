namespace RnnGpu.Core;

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.Gather"/>; gives the limit that the indices must stay below.</summary>
    public static IndexLimit Gather(in TensorView table, in TensorView indices, in TensorView y)
    {
        Floats(table, nameof(table));
        return CheckTable(table, y, nameof(y), indices, nameof(Gather));
    }

    /// <summary>Arguments of <see cref="IBackend.ScatterAdd"/>; gives the limit that the indices must stay below.</summary>
    public static IndexLimit ScatterAdd(in TensorView dy, in TensorView indices, in TensorView dTable)
    {
        Floats(dTable, nameof(dTable));
        return CheckTable(dTable, dy, nameof(dy), indices, nameof(ScatterAdd));
    }

    /// <summary>Checks <c>[V, E]</c> against <c>[N, E]</c> and <c>[N]</c>.</summary>
    private static IndexLimit CheckTable(in TensorView table, in TensorView rows, string name, in TensorView indices, string op)
    {
        Floats(rows, name, op);
        Ints(indices, "indices", indices.Length, op);
        if (table.Shape.Rank != 2 || rows.Shape.Columns != table.Shape[1] || rows.Length != indices.Length * table.Shape[1])
        {
            Fail(op, $"table {table}, indices {indices} and {name} {rows} do not fit: [V, E], [N] and [N, E] are wanted");
        }

        return new IndexLimit(op, "index", table.Shape[0], "rows of the table");
    }
}
