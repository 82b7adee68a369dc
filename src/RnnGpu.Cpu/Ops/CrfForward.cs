using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly CrfForwardJob _crfForward = new();

    public void CrfForward(in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView loss)
    {
        (CrfSizes sizes, IndexLimit limit) = Check.CrfForward(scores, tags, alpha, shifts, loss);
        _crfForward.Set(scores, sizes);
        _crfForward.Tags = Ints(tags);
        _crfForward.Alpha = Floats(alpha);
        _crfForward.Shifts = Floats(shifts);
        _crfForward.Loss = Floats(loss);
        if (!tags.IsEmpty) { CheckBelow(_crfForward.Tags, tags.Length, limit); }
        _crfForward.OverRows(sizes.Batch, (long)sizes.Steps * sizes.Tags * sizes.Tags, TranscendentalCost, _team);
    }

    private sealed class CrfForwardJob : CrfJob
    {
        public int* Tags;
        public float* Alpha;
        public float* Shifts;
        public float* Loss;

        protected override void Run(long start, long end)
        {
            for (long row = start; row < end; row++) { Loss[row] = RunRow(row); }
        }

        /// <remarks>
        /// alpha_t[j] = x_t[j] + log sum_i exp(alpha_(t-1)[i] + transitions[i, j]), shifted so that its largest is 0. The shifts add up to
        /// log Z; each has that step's part of the tags' score taken off at once.
        /// </remarks>
        private float RunRow(long row)
        {
            int n = Length(row), before = 0;
            if (n == 0 || (Tags != null && !Counts(Tags, row, n))) { return 0f; }
            float loss = 0f;
            for (int t = 0; t < n; t++)
            {
                long at = At(t, row);
                float* x = X + (at * K), alpha = Alpha + (at * K);
                if (t == 0) { AddRow(Start, x, alpha, K); }
                else { LogProduct(Alpha + (At(t - 1, row) * K), Transitions, x, alpha, K); }
                float shift = Shift(alpha, K);
                Shifts[at] = shift;
                loss += Tags == null ? shift : shift - GoldStep(t, at, x, ref before);
            }

            float* last = Alpha + (At(n - 1, row) * K);
            float most = MaxOfSum(last, End, K);
            float rest = most + LogOf((float)Sum(new ExpOfSumTerm(last, End, most, null), K));
            return loss + (Tags == null ? rest : rest - End[before]);
        }

        private float GoldStep(int t, long at, float* x, ref int before)
        {
            int tag = Tags[at];
            float score = x[tag] + (t == 0 ? Start[tag] : Transitions[((long)before * K) + tag]);
            before = tag;
            return score;
        }
    }
}
