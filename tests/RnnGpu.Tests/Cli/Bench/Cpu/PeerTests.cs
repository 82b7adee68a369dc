using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using RnnGpu.Cli.Bench;
using RnnGpu.Cli.Bench.Cpu;
using RnnGpu.Core;
using Xunit;

namespace RnnGpu.Tests.Cli.Bench.Cpu;

/// <summary>Peers as shell scripts: the protocol, and what becomes of one that is wrong, refuses or fails.</summary>
public sealed class PeerTests : IDisposable
{
    private static readonly BenchRow Row = new()
    {
        Name = "r",
        Shape = new BenchShape { Cell = CellKind.GruResetAfter, Input = 3, Hidden = 5, Batch = 2, Steps = 4 },
        Modes = [ComputeMode.Fp32],
        Training = [false, true],
        OnCpu = true,
    };

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    private static PeerProcess Start(string script, params string[] arguments) =>
        new("Fake", "/bin/sh", ["-c", script, "fake", .. arguments], new Dictionary<string, string> { ["FAKE"] = "7" }, CancellationToken.None);

    /// <summary>Gives the file's numbers as outputs, refuses training, and takes a second an iteration, until it has been asked so often.</summary>
    private PeerProcess Peer(float[] y, int measurements = int.MaxValue)
    {
        string file = _folder.Write("y.f32", MemoryMarshal.AsBytes(y.AsSpan()).ToArray());
        return Start(
            """
            echo '{"name": "Fake 1.0", "version": "1.0"}'
            n=0
            while read -r line; do
              case "$line" in
                *'"op":"prepare"'*'"mode":"training"'*) echo '{"refused": "no training"}' ;;
                *'"op":"prepare"'*) cp "$1" "$(printf %s "$line" | sed 's/.*"into":"\([^"]*\)".*/\1/')/y.f32"; echo '{"ok": true}' ;;
                *) n=$((n + 1)); [ $n -le "$2" ] || exit 3; echo '{"ms": 1000}' ;;
              esac
            done
            """,
            file,
            $"{measurements}");
    }

    private static CpuReport Run(Func<PeerProcess> start)
    {
        var request = new CpuBenchRequest([Row], [1, 2], [PeerKind.Onnx], Rounds: 3, Seconds: 1e-6, StreamSteps: 0);
        using var bench = new CpuBench(request, "test", _ => { }, CancellationToken.None, (_, _, _) => start());
        bench.Run(CancellationToken.None);
        bench.Finish();
        return bench.Report;
    }

    private static float[] Outputs()
    {
        using var own = new OwnSide(1);
        return own.Prepare(new BenchData(Row.Shape), training: false, sets: 2).Y;
    }

    private static JsonObject Point(CpuReport report, string mode, int threads) => Assert.IsType<JsonObject>(Assert.Single(
        report.ToJson()["points"]!.AsArray(), point => (string)point!["mode"]! == mode && (int)point["threads"]! == threads));

    [Fact]
    public void Answers_are_objects_and_errors_are_told()
    {
        Assert.Equal(2.5, PeerProcess.Number(PeerProcess.Parse("p", """{"ms": 2.5}"""), "ms"));
        Assert.Equal("it broke", Assert.Throws<PeerException>(() => PeerProcess.Parse("p", """{"error": "it broke"}""")).Message);
        Assert.Contains("p ended", Assert.Throws<PeerException>(() => PeerProcess.Parse("p", null)).Message, StringComparison.Ordinal);
        Assert.All(new[] { "", "[1]", "x\"", "null" }, line => Assert.Contains("no JSON object", Assert.Throws<PeerException>(() => PeerProcess.Parse("p", line)).Message, StringComparison.Ordinal));
        Assert.All(new[] { "{}", """{"ms": "2"}""", """{"ms": null}""" }, line => Assert.Throws<PeerException>(() => PeerProcess.Number(PeerProcess.Parse("p", line), "ms")));
    }

    [Fact]
    public void A_process_greets_and_answers_with_its_environment_until_it_ends()
    {
        using PeerProcess peer = Start("""echo "{\"name\": \"Fake $FAKE\"}"; read -r line; echo "{\"got\": $line}"; exit 0""");
        Assert.Equal("Fake 7", (string)peer.Greeting["name"]!);
        Assert.Equal("x", (string)peer.Ask(new JsonObject { ["op"] = "x" }, CancellationToken.None)["got"]!["op"]!);
        Assert.Throws<PeerException>(() => peer.Ask([], CancellationToken.None));
        Assert.Throws<PeerException>(() => Start("exit 1"));
        Assert.Equal("no numpy", Assert.Throws<PeerException>(() => Start("""echo '{"error": "no numpy"}'""")).Message);
        Assert.Throws<PeerException>(() => new PeerProcess("Fake", _folder["none"], [], new Dictionary<string, string>(), CancellationToken.None));
    }

    [Fact]
    public void Equal_results_are_timed_in_turn_and_refusals_leave_the_column_empty()
    {
        float[] y = Outputs();
        CpuReport report = Run(() => Peer(y));
        Assert.True(report.Complete);
        Assert.Equal(0, report.Failures);
        foreach (int threads in new[] { 1, 2 })
        {
            JsonObject inference = Point(report, "inference", threads), training = Point(report, "training", threads);
            Assert.Equal([1000, 1000, 1000], inference["onnx"]!["ms_rounds"]!.AsArray().Select(ms => (double)ms!));
            double[] ours = [.. inference["ms_rounds"]!.AsArray().Select(ms => (double)ms!)];
            Assert.Equal(3, ours.Length);
            Assert.Equal(1000 / ours.Order().ElementAt(1), (double)inference["onnx"]!["ratio"]!, 1e-6);
            Assert.Equal(("no training", 0), ((string)training["onnx"]!["note"]!, training["onnx"]!["ms_rounds"]!.AsArray().Count));
            Assert.Equal(3, training["ms_rounds"]!.AsArray().Count);
        }

        string[] lines = report.ToMarkdown().Split('\n');
        string header = Assert.Single(lines, line => line.StartsWith("| row | stack", StringComparison.Ordinal) && line.Contains("ONNX Runtime ms", StringComparison.Ordinal));
        Assert.All(lines.Where(line => line.StartsWith("| r | ", StringComparison.Ordinal)).Take(2), line => Assert.Equal(header.Count(c => c == '|'), line.Count(c => c == '|')));
        Assert.Contains("- Peer: Fake 1.0\n", report.ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_results_than_ours_are_said_and_not_timed()
    {
        float[] y = Outputs();
        y[^1] += 0.01f;
        CpuReport report = Run(() => Peer(y));
        Assert.Equal(2, report.Failures);
        JsonObject point = Point(report, "inference", 1);
        Assert.Contains("off Fake 1.0", (string)point["wrong"]!, StringComparison.Ordinal);
        Assert.Empty(point["ms_rounds"]!.AsArray());
        Assert.Contains("**wrong**", report.ToMarkdown(), StringComparison.Ordinal);
        Assert.NotEmpty(Point(report, "training", 1)["ms_rounds"]!.AsArray());
    }

    [Fact]
    public void A_peer_that_ends_or_never_was_leaves_what_it_gave_and_the_bench_goes_on()
    {
        float[] y = Outputs();
        JsonObject ended = Point(Run(() => Peer(y, measurements: 2)), "inference", 2);
        Assert.Equal(2, ended["onnx"]!["ms_rounds"]!.AsArray().Count);
        Assert.Contains("ended", (string)ended["onnx"]!["note"]!, StringComparison.Ordinal);
        Assert.Equal(3, ended["ms_rounds"]!.AsArray().Count);

        CpuReport missing = Run(() => throw new PeerException("no library"));
        Assert.True(missing.Complete);
        Assert.Contains("- Peer: ONNX Runtime, not measured: no library\n", missing.ToMarkdown(), StringComparison.Ordinal);
        Assert.Contains(" none | |", missing.ToMarkdown(), StringComparison.Ordinal);
    }
}
