using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly ScatterAddJob _scatterAdd = new();

    public void ScatterAdd(in TensorView dy, in TensorView indices, in TensorView dTable)
    {
        IndexLimit limit = Check.ScatterAdd(dy, indices, dTable);
        _scatterAdd.Dy = Floats(dy);
        _scatterAdd.Indices = Ints(indices);
        _scatterAdd.Count = indices.Length;
        _scatterAdd.Columns = dTable.Shape.Columns;
        _scatterAdd.Table = Floats(dTable);
        CheckBelow(_scatterAdd.Indices, indices.Length, limit);
        if (dy.Length < 2 * GrainedJob.WorthAThread) { _scatterAdd.Add(0, 1); }
        else { _team.Run(_scatterAdd); }
    }

    /// <summary>
    /// Every worker walks all n in order and adds the rows of its own share of the table, so each table row is one chain in
    /// ascending n whatever the number of workers. Neighbouring rows go to different workers, since frequent tokens cluster.
    /// </summary>
    private sealed class ScatterAddJob : Job
    {
        public float* Dy;
        public int* Indices;
        public long Count;
        public long Columns;
        public float* Table;

        public override void Execute(int worker, WorkerTeam team) => Add(worker, team.Workers);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Add(int share, int shares)
        {
            for (long n = 0; n < Count; n++)
            {
                int index = Indices[n];
                if (index < 0 || (shares > 1 && index % shares != share)) { continue; }
                AddRows(new MatrixTerm(Dy + (n * Columns), 0), 1, 0, Columns, Table + (index * Columns));
            }
        }
    }
}
