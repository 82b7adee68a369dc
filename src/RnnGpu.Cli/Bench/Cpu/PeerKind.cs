namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A program to compare with.</summary>
/// <param name="Key">As on the command line.</param>
/// <param name="Title">As in tables, without a version.</param>
/// <param name="Script">In <c>bench/baselines</c>.</param>
internal sealed record PeerKind(string Key, string Title, string Script)
{
    /// <summary>Environment variable with the path of ONNX Runtime's library.</summary>
    public const string OnnxRuntimeVariable = "RNNGPU_ONNXRUNTIME";

    /// <summary>ONNX Runtime: inference and streams.</summary>
    public static PeerKind Onnx { get; } = new("onnx", "ONNX Runtime", "cpu_onnx.py");

    /// <summary>PyTorch: inference and training.</summary>
    public static PeerKind Torch { get; } = new("torch", "PyTorch", "cpu_torch.py");

    /// <summary>All there are.</summary>
    public static IReadOnlyList<PeerKind> All { get; } = [Onnx, Torch];

    /// <summary>Starts a process of it that computes with so many threads.</summary>
    /// <exception cref="PeerException">Something that it needs is not here.</exception>
    public PeerProcess Start(int threads, CancellationToken stop)
    {
        string script = Baselines.Find(Script) ?? throw new PeerException($"bench/baselines/{Script} is not here; run from a clone");
        List<string> arguments = [script, "--threads", $"{threads}"];
        if (this == Onnx)
        {
            string? library = Environment.GetEnvironmentVariable(OnnxRuntimeVariable);
            if (string.IsNullOrEmpty(library)) { throw new PeerException($"{OnnxRuntimeVariable} does not name ONNX Runtime's library; bench/cpu.sh installs it"); }
            arguments.AddRange(["--library", library]);
        }

        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OMP_NUM_THREADS"] = $"{threads}",
            ["OPENBLAS_NUM_THREADS"] = $"{threads}",
            ["MKL_NUM_THREADS"] = $"{threads}",
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        };
        PeerException? last = null;
        foreach (string python in Baselines.Pythons)
        {
            try
            {
                return new PeerProcess(Title, python, arguments, environment, stop);
            }
            catch (PeerException e)
            {
                last = e;
            }
        }

        throw last ?? new PeerException("there is no Python");
    }
}
