using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>A peer could not be had, or failed; the bench goes on without it.</summary>
internal sealed class PeerException(string message) : Exception(message);

/// <summary>A process that answers requests, one JSON object a line, as <c>bench/baselines/peer_server.py</c> says.</summary>
internal sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly string _name;

    /// <summary>Starts it and takes its greeting.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="program">Interpreter.</param>
    /// <param name="arguments">Script and its options.</param>
    /// <param name="environment">Set for it.</param>
    /// <param name="stop">Ends waiting.</param>
    /// <exception cref="PeerException">It does not start, or says what it lacks.</exception>
    public PeerProcess(string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken stop)
    {
        _name = name;
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string variable, string value) in environment) { start.Environment[variable] = value; }
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new PeerException($"{program} does not start: {e.Message}");
        }

        try
        {
            Greeting = Answer(stop);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What it said of itself: <c>name</c>, versions.</summary>
    public JsonObject Greeting { get; }

    /// <summary>Processor time that it has taken.</summary>
    public double ProcessorSeconds => _process.HasExited ? 0 : _process.TotalProcessorTime.TotalSeconds;

    /// <summary>Asks and waits.</summary>
    /// <exception cref="PeerException">It failed, ended, or took minutes.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public JsonObject Ask(JsonObject request, CancellationToken stop)
    {
        try
        {
            _process.StandardInput.WriteLine(request.ToJsonString());
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            throw new PeerException($"{_name} has ended");
        }

        return Answer(stop);
    }

    /// <summary>Reads an answer's line.</summary>
    /// <exception cref="PeerException">It is none, or says what went wrong.</exception>
    public static JsonObject Parse(string name, string? line)
    {
        if (line is null) { throw new PeerException($"{name} ended without an answer"); }
        JsonObject? answer;
        try
        {
            answer = JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            answer = null;
        }

        if (answer is null) { throw new PeerException($"{name} answered '{(line.Length > 80 ? line[..80] + "..." : line)}', which is no JSON object"); }
        return answer["error"] is { } error ? throw new PeerException(error.ToString()) : answer;
    }

    /// <summary>A number of an answer.</summary>
    /// <exception cref="PeerException">It has none of that name.</exception>
    public static double Number(JsonObject answer, string name) =>
        answer[name] is JsonValue value && value.TryGetValue(out double number) ? number : throw new PeerException($"the answer {answer.ToJsonString()} has no number '{name}'");

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(TimeSpan.FromSeconds(5))) { _process.Kill(entireProcessTree: true); }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or Win32Exception)
        {
            // It has ended already.
        }

        _process.Dispose();
    }

    private JsonObject Answer(CancellationToken stop)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Patience);
            return Parse(_name, _process.StandardOutput.ReadLineAsync(limit.Token).AsTask().GetAwaiter().GetResult());
        }
        catch (OperationCanceledException)
        {
            Kill();
            stop.ThrowIfCancellationRequested();
            throw new PeerException($"{_name} did not answer within {Patience.TotalMinutes:0} minutes");
        }
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended already.
        }
    }
}
