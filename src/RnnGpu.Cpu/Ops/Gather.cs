using System.Runtime.Intrinsics;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly GatherJob _gather = new();

    public void Gather(in TensorView table, in TensorView indices, in TensorView y)
    {
        IndexLimit limit = Check.Gather(table, indices, y);
        _gather.Table = Floats(table);
        _gather.Columns = table.Shape.Columns;
        _gather.Indices = Ints(indices);
        _gather.Y = Floats(y);
        CheckBelow(_gather.Indices, indices.Length, limit);
        _gather.OverRows(indices.Length, _gather.Columns, cost: 1, _team);
    }

    /// <summary>Refuses the first index that is not below the limit; negative ones pass.</summary>
    private static void CheckBelow(int* indices, long count, in IndexLimit limit)
    {
        long i = 0;
        Vector256<int> bound = Vector256.Create(limit.Limit);
        while (i <= count - 8 && !Vector256.GreaterThanOrEqualAny(Vector256.Load(indices + i), bound)) { i += 8; }
        for (; i < count; i++)
        {
            if (indices[i] >= limit.Limit) { throw limit.Exceeded(indices[i], i); }
        }
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
