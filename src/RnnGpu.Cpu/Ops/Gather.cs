using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly GatherJob _gather = new();

    public void Gather(in TensorView table, in TensorView indices, in TensorView y)
    {
        Check.Floats(table, nameof(table));
        int rows = CheckTable(table, y, nameof(y), indices, nameof(Gather));
        _gather.Table = Floats(table);
        _gather.Columns = table.Shape.Columns;
        _gather.Indices = Ints(indices);
        _gather.Y = Floats(y);
        Check.Below(_gather.Indices, indices.Length, rows, "index", "rows of the table");
        _gather.OverRows(indices.Length, _gather.Columns, cost: 1, _team);
    }

    /// <summary>Checks <c>[V, E]</c> against <c>[N, E]</c> and <c>[N]</c>; gives V.</summary>
    private static int CheckTable(in TensorView table, in TensorView rows, string name, in TensorView indices, string op)
    {
        Check.Floats(rows, name, op);
        Check.Ints(indices, "indices", indices.Length, op);
        if (table.Shape.Rank != 2 || rows.Shape.Columns != table.Shape[1] || rows.Length != indices.Length * table.Shape[1])
        {
            Check.Fail(op, $"table {table}, indices {indices} and {name} {rows} do not fit: [V, E], [N] and [N, E] are wanted");
        }

        return table.Shape[0];
    }

    private sealed class GatherJob : GrainedJob
    {
        public float* Table;
        public long Columns;
        public int* Indices;
        public float* Y;

        protected override void Run(long start, long end)
        {
            long bytes = Columns * sizeof(float);
            for (long n = start; n < end; n++)
            {
                float* y = Y + (n * Columns);
                int index = Indices[n];
                if (index < 0) { System.Runtime.InteropServices.NativeMemory.Clear(y, (nuint)bytes); }
                else { Buffer.MemoryCopy(Table + (index * Columns), y, bytes, bytes); }
            }
        }
    }
}
