using System.Runtime.CompilerServices;
using RnnGpu.Core;
using RnnGpu.Cpu.Simd;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CrfBackwardJob _crfBackward = new();
    private readonly CrfPairsJob _crfPairs = new();

    public long CrfBackwardWorkspaceBytes(int steps, int batch, int tags) =>
        (((long)steps * batch * tags) + ((long)tags * tags) + batch) * sizeof(float);

    public void CrfBackward(
        in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView dLoss, in TensorView workspace,
        in TensorView dEmissions, in TensorView dTransitions, in TensorView dStart, in TensorView dEnd)
    {
        (CrfSizes sizes, IndexLimit limit) = Check.CrfBackward(scores, tags, alpha, shifts, dLoss, dEmissions, dTransitions, dStart, dEnd);
        (int steps, int batch, int k) = sizes;
        Check.CrfWorkspace(workspace, CrfBackwardWorkspaceBytes(steps, batch, k), nameof(CrfBackward));
        CrfBackwardJob job = _crfBackward;
        job.Set(scores, sizes);
        job.Tags = Ints(tags);
        job.Alpha = Floats(alpha);
        job.Shifts = Floats(shifts);
        job.DLoss = Floats(dLoss);
        job.Factor = Floats(workspace);
        job.Transposed = job.Factor + batch;
        job.Q = job.Transposed + ((long)k * k);
        job.Dx = Floats(dEmissions);
        if (!tags.IsEmpty) { CheckBelow(job.Tags, tags.Length, limit); }
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < k; j++) { job.Transposed[((long)j * k) + i] = job.Transitions[((long)i * k) + j]; }
        }

        job.OverRows(batch, (long)steps * k * k, TranscendentalCost, _team);
        AddEnds(job, Floats(dStart), Floats(dEnd));
        if (dTransitions.IsEmpty) { return; }
        _crfPairs.Set(scores, sizes);
        _crfPairs.Tags = job.Tags;
        _crfPairs.Alpha = job.Alpha;
        _crfPairs.Factor = job.Factor;
        _crfPairs.Q = job.Q;
        _crfPairs.DTransitions = Floats(dTransitions);
        _crfPairs.OverRows(k, (long)steps * batch * k, TranscendentalCost, _team);
    }

    /// <summary>Gradients of first and last tags: those of the emissions there.</summary>
    private static void AddEnds(CrfBackwardJob job, float* dStart, float* dEnd)
    {
        for (long row = 0; row < job.Batch; row++)
        {
            int n = job.LengthOf(row);
            if (n == 0) { continue; }
            float* first = job.Dx + (row * job.K), last = job.Dx + ((((long)(n - 1) * job.Batch) + row) * job.K);
            for (int i = 0; i < job.K; i++)
            {
                if (dStart != null) { dStart[i] += first[i]; }
                if (dEnd != null) { dEnd[i] += last[i]; }
            }
        }
    }

    /// <summary>
    /// A row's steps back in time: beta_t[i] = log sum_j exp(transitions[i, j] + x_(t+1)[j] + beta_(t+1)[j]), up to a number that each step
    /// chooses anew; P(y_t = k) = softmax(alpha_t + beta_t)[k].
    /// </summary>
    private sealed class CrfBackwardJob : CrfJob
    {
        public int* Tags;
        public float* Alpha;
        public float* Shifts;
        public float* DLoss;
        public float* Transposed;

        /// <summary>dLoss, 0 for rows that do not count.</summary>
        public float* Factor;

        /// <summary>
        /// x_t + beta_t - (shift_t + log sum exp(alpha_t + beta_t)): with it P(y_(t-1) = i, y_t = j) = exp(alpha_(t-1)[i] + transitions[i, j] + q_t[j]).
        /// </summary>
        public float* Q;

        public float* Dx;

        public int LengthOf(long row) => Length(row);

        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++) { RunRow(row); }
        }

        private void RunRow(long row)
        {
            int n = Length(row);
            bool counts = Tags == null || Counts(Tags, row, n);
            Factor[row] = counts ? DLoss[row] : 0f;
            for (int t = counts ? n : 0; t < Steps; t++)
            {
                System.Runtime.InteropServices.NativeMemory.Clear(Dx + (At(t, row) * K), (nuint)K * sizeof(float));
            }

            for (int t = n - 1; counts && t >= 0; t--) { RunStep(row, t, t == n - 1); }
        }

        private void RunStep(long row, int t, bool last)
        {
            long at = At(t, row);
            float* beta = Q + (at * K), alpha = Alpha + (at * K), dx = Dx + (at * K);
            if (last) { Buffer.MemoryCopy(End, beta, K * sizeof(float), K * sizeof(float)); }
            else
            {
                LogProduct(Q + (At(t + 1, row) * K), Transposed, null, beta, K);
                Shift(beta, K);
            }

            float most = MaxOfSum(alpha, beta, K);
            float sum = (float)Sum(new ExpOfSumTerm(alpha, beta, most, dx), K);
            ScaleRow(sum == 0f ? 0f : Factor[row] / sum, dx, 0f, dx, K);
            if (Tags != null) { dx[Tags[at]] -= Factor[row]; }
            AddRow(X + (at * K), beta, beta, K);
            AddToRow(beta, -MathF.Max(Shifts[at] + (most + LogOf(sum)), LeastShift), K);
        }
    }

    /// <summary>dTransitions[i, j] += over rows factor (sum over steps of P(i, j) - [tags are i, j]); a thread owns rows i.</summary>
    private sealed class CrfPairsJob : CrfJob
    {
        public int* Tags;
        public float* Alpha;
        public float* Factor;
        public float* Q;
        public float* DTransitions;

        protected override void Run(long start, long end)
        {
            for (long i = start; i < end; i++)
            {
                for (int j = 0; j < K; j += T.Width) { RunTile(i, j, Math.Min(T.Width, K - j)); }
                if (Tags != null) { TakeTags(i); }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunTile(long i, int j, int n)
        {
            T transition = T.LoadPartial(Transitions + (i * K) + j, n);
            T total = T.LoadPartial(DTransitions + (i * K) + j, n);
            for (long row = 0; row < Batch; row++)
            {
                if (Factor[row] == 0f) { continue; }
                int length = Length(row);
                T sum = T.Zero;
                for (int t = 1; t < length; t++)
                {
                    float* q = Q + (At(t, row) * K) + j;
                    T score = T.Broadcast(Alpha[(At(t - 1, row) * K) + i]) + transition;
                    sum += SimdMath.ExpOfNonPositive(score + (n == T.Width ? T.Load(q) : T.LoadPartial(q, n)));
                }

                total += T.Broadcast(Factor[row]) * sum;
            }

            T.StorePartial(DTransitions + (i * K) + j, total, n);
        }

        private void TakeTags(long i)
        {
            for (long row = 0; row < Batch; row++)
            {
                int length = Factor[row] == 0f ? 0 : Length(row);
                for (int t = 1; t < length; t++)
                {
                    if (Tags[At(t - 1, row)] == i) { DTransitions[(i * K) + Tags[At(t, row)]] -= Factor[row]; }
                }
            }
        }
    }
}
