using System.Runtime.CompilerServices;
using RnnGpu.Core;

namespace RnnGpu.Cpu;

internal sealed unsafe partial class CpuBackend<T>
{
    private readonly BlockSumJob _blockSums = new();

    /// <summary>
    /// One sum over all elements of several tensors. Their blocks of 4096 elements are numbered through and dealt to 1024 chunks
    /// by number alone; a chunk adds its blocks in order and the chunks are added in order, so that no thread count shows.
    /// </summary>
    private sealed class BlockSumJob : GrainedJob
    {
        private const int Chunks = 1024;

        private readonly double[] _chunks = new double[Chunks];
        private Part[] _parts = new Part[16];
        private int _count;
        private long _blocks;

        public bool Squares { get; set; }

        public void Clear()
        {
            _count = 0;
            _blocks = 0;
        }

        public void Add(float* x, long length)
        {
            if (_count == _parts.Length) { Array.Resize(ref _parts, 2 * _count); }
            _parts[_count++] = new Part(x, length, _blocks);
            _blocks += (length + SumBlock - 1) / SumBlock;
        }

        public double Total(Threading.WorkerTeam team)
        {
            Over(Chunks, cost: Math.Max(1, _blocks * SumBlock / Chunks), team);
            double total = 0;
            foreach (double chunk in _chunks) { total += chunk; }
            return total;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        protected override void Run(long start, long end)
        {
            for (long chunk = start; chunk < end; chunk++)
            {
                long block = _blocks * chunk / Chunks, last = _blocks * (chunk + 1) / Chunks;
                double sum = 0;
                for (int part = PartOf(block); block < last; block++)
                {
                    while (part + 1 < _count && _parts[part + 1].FirstBlock <= block) { part++; }
                    long at = (block - _parts[part].FirstBlock) * SumBlock;
                    float* x = _parts[part].X + at;
                    long n = Math.Min(SumBlock, _parts[part].Length - at);
                    sum += Squares ? SumOfBlock(new ProductTerm(x, x), 0, n) : SumOfBlock(new ValueTerm(x), 0, n);
                }

                _chunks[chunk] = sum;
            }
        }

        private int PartOf(long block)
        {
            int low = 0, high = _count;
            while (high - low > 1)
            {
                int middle = (low + high) / 2;
                if (_parts[middle].FirstBlock <= block) { low = middle; }
                else { high = middle; }
            }

            return low;
        }

        private readonly struct Part(float* x, long length, long firstBlock)
        {
            public readonly float* X = x;
            public readonly long Length = length;
            public readonly long FirstBlock = firstBlock;
        }
    }
}
