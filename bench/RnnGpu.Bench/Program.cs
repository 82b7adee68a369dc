using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(RnnGpu.Bench.GemmBenchmarks).Assembly).Run(args);
