using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CrfDecodeJob _crfDecode = new();

    public long CrfDecodeWorkspaceBytes(int steps, int batch, int tags) => ((long)steps + 2) * batch * tags * sizeof(float);

    public void CrfDecode(in CrfScores scores, in TensorView workspace, in TensorView tags, in TensorView best)
    {
        CrfSizes sizes = Check.CrfDecode(scores, tags, best);
        Check.CrfWorkspace(workspace, CrfDecodeWorkspaceBytes(sizes.Steps, sizes.Batch, sizes.Tags), nameof(CrfDecode));
        _crfDecode.Set(scores, sizes);
        _crfDecode.Delta = Floats(workspace);
        _crfDecode.Origins = _crfDecode.Delta + (2L * sizes.Batch * sizes.Tags);
        _crfDecode.Tags = Ints(tags);
        _crfDecode.Best = Floats(best);
        _crfDecode.OverRows(sizes.Batch, (long)sizes.Steps * sizes.Tags * sizes.Tags, cost: 1, _team);
    }

    private sealed class CrfDecodeJob : CrfJob
    {
        /// <summary>Two rows of best scores a row of the batch: of the step before and of this one.</summary>
        public float* Delta;

        /// <summary>[T, B, K]: the tag before on the best way to each tag, as a float, so that lanes select it like a score.</summary>
        public float* Origins;

        public int* Tags;
        public float* Best;

        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++) { RunRow(row); }
        }

        private void RunRow(long row)
        {
            int n = Length(row);
            for (int t = n; t < Steps; t++) { Tags[At(t, row)] = -1; }
            Best[row] = 0f;
            if (n == 0) { return; }
            float* before = Delta + (2 * row * K), now = before + K;
            AddRow(Start, X + (row * K), now, K);
            float best = Shift(now, K);
            for (int t = 1; t < n; t++)
            {
                float* old = before;
                before = now;
                now = old;
                RunStep(before, X + (At(t, row) * K), now, Origins + (At(t, row) * K));
                best += Shift(now, K);
            }

            AddRow(now, End, now, K);
            int tag = 0;
            for (int k = 1; k < K; k++)
            {
                if (now[k] > now[tag]) { tag = k; }
            }

            Best[row] = best + now[tag];
            for (int t = n - 1; t >= 0; t--)
            {
                Tags[At(t, row)] = tag;
                if (t > 0) { tag = (int)Origins[(At(t, row) * K) + tag]; }
            }
        }

        /// <summary>now[j] = x[j] + max_i (before[i] + transitions[i, j]), and that i, the lowest of equals.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void RunStep(float* before, float* x, float* now, float* origins)
        {
            int w = T.Width;
            for (int j = 0; j < K; j += w)
            {
                int n = Math.Min(w, K - j);
                T most = T.Broadcast(before[0]) + T.LoadPartial(Transitions + j, n), origin = T.Zero;
                for (int i = 1; i < K; i++)
                {
                    T score = T.Broadcast(before[i]) + T.LoadPartial(Transitions + ((long)i * K) + j, n);
                    origin = T.SelectLess(most, score, T.Broadcast(i), origin);
                    most = T.Max(most, score);
                }

                T.StorePartial(now + j, most + T.LoadPartial(x + j, n), n);
                T.StorePartial(origins + j, origin, n);
            }
        }
    }
}
