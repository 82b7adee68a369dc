using System.ComponentModel;
using System.Diagnostics;

namespace RnnGpu.Cli.Bench;

/// <summary>Runs PyTorch on the same rows, by <c>bench/baselines/recurrent_torch.py</c>.</summary>
/// <param name="python">Interpreter that has PyTorch.</param>
/// <param name="script">The script.</param>
internal sealed class TorchPeer(string python, string script)
{
    private const string Script = "recurrent_torch.py";

    /// <summary>Finds both.</summary>
    /// <exception cref="UsageException">There is no Python with PyTorch, or no script; says what to do.</exception>
    public static TorchPeer Find()
    {
        if (Baselines.Find(Script) is not { } script)
        {
            throw new UsageException($"--peer torch: bench/baselines/{Script} is not here; run from a clone, or give --peer the file that it wrote");
        }

        foreach (string python in Baselines.Pythons)
        {
            if (Run(python, ["-c", "import torch"], quiet: true, CancellationToken.None) == 0) { return new TorchPeer(python, script); }
        }

        throw new UsageException($"--peer torch: no PyTorch in {string.Join(" or ", Baselines.Pythons)}; install it, or name another Python with {Baselines.PythonVariable}");
    }

    /// <summary>Measures.</summary>
    /// <exception cref="IOException">It ended with an error, which stands on standard error.</exception>
    public PeerResults Measure(IReadOnlyList<BenchRow> rows, BenchMachine machine, BenchEffort effort, CancellationToken stop)
    {
        string folder = Directory.CreateTempSubdirectory("rnngpu-bench-").FullName;
        try
        {
            string grid = Path.Combine(folder, "grid.json"), results = Path.Combine(folder, "results.json");
            File.WriteAllText(grid, BenchRows.ToJson(rows).ToJsonString());
            string device = machine.Device.StartsWith("cuda", StringComparison.Ordinal) ? machine.Device : "cpu";
            List<string> arguments =
            [
                script, "--grid", grid, "--all-rows", "--device", device, "--threads", $"{machine.Threads}", "--seconds", $"{effort.Seconds}", "--out", results,
            ];
            if (effort.Repeats is { } repeats) { arguments.AddRange(["--repeats", $"{repeats}"]); }
            int code = Run(python, arguments, quiet: false, stop);
            stop.ThrowIfCancellationRequested();
            return code == 0 ? PeerResults.Read(results) : throw new IOException($"--peer torch: {python} {script} ended with {code}; see above");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Run(string program, IEnumerable<string> arguments, bool quiet, CancellationToken stop)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = quiet };
            using Process process = Process.Start(start)!;
            using CancellationTokenRegistration kill = stop.Register(() => process.Kill(entireProcessTree: true));
            if (quiet) { process.ErrorDataReceived += static (_, _) => { }; process.BeginErrorReadLine(); }
            _ = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (Win32Exception)
        {
            return -1;
        }
    }
}
