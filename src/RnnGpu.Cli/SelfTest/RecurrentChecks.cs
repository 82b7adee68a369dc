using RnnGpu.Core;

namespace RnnGpu.Cli.SelfTest;

/// <summary>Checks of the recurrent passes of a cell.</summary>
internal static class RecurrentChecks
{
    private static readonly (int Steps, int Batch, int Hidden)[] Sizes = [(4, 3, 7), (6, 5, 64), (3, 17, 65)];

    public static void Forward(CheckBench bench, CellKind cell)
    {
        foreach ((int steps, int batch, int hidden) in Sizes)
        {
            var pass = new Pass(bench, cell, steps, batch, hidden);
            pass.RunForward();
            (double[] y, double[] h, double[] c) = pass.Sample.Forward(Widen(pass.Pre), Widen(pass.H0), Widen(pass.C0));
            double tolerance = ForwardTolerance(bench, hidden);
            bench.Expect(pass.Y, i => (y[i], tolerance));
            bench.Expect(pass.Leaving(pass.Chunk.H), i => (h[i], tolerance));
            if (Layouts.HasCellState(cell)) { bench.Expect(pass.Leaving(pass.Chunk.C), i => (c[i], tolerance)); }
        }
    }

    /// <summary>
    /// The gradients that a pass gives, against the central difference of a weighted sum of outputs and leaving states along random directions.
    /// </summary>
    public static void Backward(CheckBench bench, CellKind cell)
    {
        foreach ((int steps, int batch, int hidden) in Sizes)
        {
            var pass = new Pass(bench, cell, steps, batch, hidden);
            float[] dy = bench.Random(pass.Y.Length), dhLast = bench.Random(batch * hidden), dcLast = bench.Random(batch * hidden);
            TensorView dh = bench.Put(dhLast, batch, hidden), dc = Layouts.HasCellState(cell) ? bench.Put(dcLast, batch, hidden) : default;
            pass.RunForward();
            pass.RunBackward(bench.Put(dy, steps * batch, hidden), dh, dc);
            float[] dGates = bench.Get(pass.Chunk.Gates), dh0 = bench.Get(dh), dc0 = dc.IsEmpty ? new float[batch * hidden] : bench.Get(dc);

            double Loss(double[] pre, double[] h0, double[] c0)
            {
                (double[] y, double[] h, double[] c) = pass.Sample.Forward(pre, h0, c0);
                return Dot(dy, y) + Dot(dhLast, h) + (Layouts.HasCellState(cell) ? Dot(dcLast, c) : 0);
            }

            for (int direction = 0; direction < 3; direction++)
            {
                double[] vPre = Widen(bench.Random(pass.Pre.Length)), vH = Widen(bench.Random(dh0.Length)), vC = Widen(bench.Random(dc0.Length));
                const double Step = 1e-6;
                double[] Moved(float[] from, double[] v, double by) => [.. v.Select((value, i) => from[i] + (by * value))];
                double difference = (Loss(Moved(pass.Pre, vPre, Step), Moved(pass.H0, vH, Step), Moved(pass.C0, vC, Step))
                    - Loss(Moved(pass.Pre, vPre, -Step), Moved(pass.H0, vH, -Step), Moved(pass.C0, vC, -Step))) / (2 * Step);
                double given = Dot(dGates, vPre) + Dot(dh0, vH) + Dot(dc0, vC);

                // Errors of single gradients, typically half the most that states may have, add up like a random walk over the elements of the
                // direction. A gate in the wrong place would move them by 0.1 and more.
                double tolerance = (0.5 * ForwardTolerance(bench, Layouts.Gates(cell) * hidden) * Math.Sqrt(vPre.Length + vH.Length + vC.Length)) + 1e-6;
                bench.Expect(difference, (float)given, tolerance);
            }
        }
    }

    /// <summary>
    /// States and gates, absolute: twice a step's own error, since gates damp those of earlier steps. A step's is that of a likely chain over H
    /// terms within 3 (Higham and Mary 2019), of factors rounded to the mode's precision (a row of R times h has a norm below 1), and of
    /// the gates' functions, which the reduced modes compute to about 2^-10.
    /// </summary>
    private static double ForwardTolerance(CheckBench bench, int hidden) => 2 * (
        CheckBench.Chain(4 * Math.Sqrt(hidden), 3) + CheckBench.Chain(8, 1) + (4 * bench.FactorRoundoff) + (bench.FactorRoundoff > 0 ? 1.0 / (1 << 10) : 0));

    private static double[] Widen(float[] values) => Array.ConvertAll(values, value => (double)value);

    private static double Dot(float[] a, double[] b) => a.Select((value, i) => value * b[i]).Sum();

    /// <summary>One chunk with its tensors on the device and the same in float64.</summary>
    private sealed class Pass
    {
        private readonly CheckBench _bench;
        private readonly TensorView _packed;
        private readonly TensorView _bias;
        private readonly TensorView _workspace;

        public Pass(CheckBench bench, CellKind cell, int steps, int batch, int hidden)
        {
            _bench = bench;
            int wide = Layouts.Gates(cell) * hidden;
            float[] weight = [.. bench.Random(wide * hidden).Select(value => value / MathF.Sqrt(hidden))], bias = bench.Random(hidden);
            int[] lengths = [.. bench.RandomIndices(batch, steps + 1)], resets = new int[steps * batch];
            lengths[0] = steps;
            resets[batch] = 1;
            (Pre, H0, C0) = (bench.Random(steps * batch * wide), bench.Random(batch * hidden), bench.Random(batch * hidden));
            Sample = new RecurrentSample(cell, steps, batch, hidden, weight, bias, lengths, resets);
            var problem = new RecurrentProblem(cell, hidden, batch, steps, Training: true);
            if (!bench.Backend.Supports(problem)) { throw new NotSupportedException($"{bench.Backend.Name} does not run {problem}"); }
            _packed = bench.Scratch(bench.Backend.PackedRecurrentBytes(problem));
            _workspace = bench.Scratch(bench.Backend.RecurrentWorkspaceBytes(problem));
            _bias = Layouts.HasSeparateRecurrentBias(cell) ? bench.Put(bias, hidden) : default;
            bench.Backend.PackRecurrent(bench.Put(weight, wide, hidden), problem, _packed);
            Y = bench.Space(steps * batch, hidden);
            Chunk = new RecurrentChunk
            {
                Cell = cell,
                Hidden = hidden,
                Batch = batch,
                Steps = steps,
                Gates = bench.Put(Pre, steps, batch, wide),
                Extra = Layouts.HasExtra(cell) ? bench.Space(steps, batch, hidden) : default,
                H = bench.Space(steps + 1, batch, hidden),
                C = Layouts.HasCellState(cell) ? bench.Space(steps + 1, batch, hidden) : default,
                Lengths = bench.Put(lengths),
                Resets = bench.Put(resets),
            };
            bench.Backend.Upload<float>(H0, Chunk.H.Rows(0, 1));
            if (!Chunk.C.IsEmpty) { bench.Backend.Upload<float>(C0, Chunk.C.Rows(0, 1)); }
        }

        public RecurrentChunk Chunk { get; }

        public RecurrentSample Sample { get; }

        public TensorView Y { get; }

        public float[] Pre { get; }

        public float[] H0 { get; }

        public float[] C0 { get; }

        public void RunForward() => _bench.Backend.RecurrentForward(Chunk, _packed, _bias, _workspace, Y.AsMatrix());

        public void RunBackward(in TensorView dy, in TensorView dh, in TensorView dc) =>
            _bench.Backend.RecurrentBackward(Chunk, _packed, dy.AsMatrix(), _workspace, dh, dc);

        /// <summary>The slot of states that leaves the chunk.</summary>
        public TensorView Leaving(in TensorView states) => states.Rows(Chunk.Steps, 1);
    }
}
