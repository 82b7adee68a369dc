using System.Runtime.InteropServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Threading;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly ScanJob[] _scanForward =
    [
        new ScanForwardJob<DiagonalCell>(), new ScanForwardJob<MinGruCell>(), new ScanForwardJob<MinLstmCell>(), new ScanForwardJob<SruCell>(),
        new ScanForwardJob<QrnnCell>(),
    ];

    private readonly ScanJob[] _scanBackward =
    [
        new ScanBackwardJob<DiagonalCell>(), new ScanBackwardJob<MinGruCell>(), new ScanBackwardJob<MinLstmCell>(), new ScanBackwardJob<SruCell>(),
        new ScanBackwardJob<QrnnCell>(),
    ];

    public void ScanForward(in ScanOperands scan, in TensorView states, in TensorView y, in TensorView last)
    {
        ScanSizes sizes = Check.ScanForward(scan, states, y, last);
        ScanJob job = _scanForward[(int)scan.Cell];
        Set(job, scan, sizes);
        job.States = Floats(states);
        job.Y = Floats(y);
        job.State = Floats(last);
        job.OverLanes(_team);
    }

    public void ScanBackward(
        in ScanOperands scan, in TensorView states, in TensorView dy, in TensorView dState, in TensorView dGates, in TensorView dHighway,
        in TensorView dPeepholes)
    {
        ScanSizes sizes = Check.ScanBackward(scan, states, dy, dState, dGates, dHighway, dPeepholes);
        ScanJob job = _scanBackward[(int)scan.Cell];
        Set(job, scan, sizes);
        job.States = Floats(states);
        job.Y = Floats(dy);
        job.State = Floats(dState);
        job.DGates = Floats(dGates);
        job.DPeepholes = Floats(dPeepholes);
        job.DHighway = dHighway.IsEmpty ? job.DGates + (3L * job.Hidden) : Floats(dHighway);
        job.DHighwayStride = dHighway.IsEmpty ? job.GateStride : job.Hidden;
        job.OverLanes(_team);
    }

    private void Set(ScanJob job, in ScanOperands scan, ScanSizes sizes)
    {
        (job.Steps, job.Batch, job.Hidden, job.GateStride) = (sizes.Steps, sizes.Batch, sizes.Hidden, sizes.GateColumns);
        job.Gates = Floats(scan.Gates);
        job.Highway = scan.Highway.IsEmpty ? job.Gates + (3L * sizes.Hidden) : Floats(scan.Highway);
        job.HighwayStride = scan.Highway.IsEmpty ? sizes.GateColumns : sizes.Hidden;
        job.Peepholes = Floats(scan.Peepholes);
        job.Initial = Floats(scan.Initial);
        job.Lengths = Ints(scan.Lengths);
        job.Resets = Ints(scan.Resets);
        job.Reverse = scan.Reverse;
    }

    /// <summary>
    /// A scan over time, shared out by lanes: a lane is a unit of a row, b H + h. A worker takes all its lanes of a step before the next step, so that it
    /// reads and writes memory in order; the running state of its lanes stays in its cache.
    /// </summary>
    private abstract class ScanJob : GrainedJob
    {
        public int Steps, Batch, Hidden;
        public long GateStride, HighwayStride, DHighwayStride;
        public float* Gates, Highway, Peepholes, Initial, States, Y, State, DGates, DHighway, DPeepholes;
        public int* Lengths, Resets;
        public bool Reverse;

        public void OverLanes(WorkerTeam team) =>
            Over((long)Batch * Hidden, cost: (int)Math.Min(WorthAThread, 4 * GateStride / Hidden * Steps), team);

        /// <summary>Whether a row takes step t.</summary>
        protected bool Runs(long row, int t) => Lengths == null || t < Lengths[row];

        protected bool Clears(long row, int t) => Resets != null && Resets[((long)t * Batch) + row] != 0;

        /// <summary>The part of a row that lies in a run of lanes: units from..to-1.</summary>
        protected (int From, int To) UnitsOf(long row, long start, long end) =>
            ((int)Math.Max(0, start - (row * Hidden)), (int)Math.Min(Hidden, end - (row * Hidden)));

        protected static T Load(float* p, int lanes) => lanes == T.Width ? T.Load(p) : T.LoadPartial(p, lanes);

        protected static void Store(float* p, T x, int lanes)
        {
            if (lanes == T.Width) { T.Store(p, x); }
            else { T.StorePartial(p, x, lanes); }
        }

        protected static void Clear(float* p, long count)
        {
            if (p != null) { NativeMemory.Clear(p, (nuint)count * sizeof(float)); }
        }
    }
}
