using System.Runtime.InteropServices;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>
/// A row's numbers in files for peers, and a peer's results read back: plain floats, as <c>bench/baselines/peer_server.py</c> says. Its folder is temporary and goes
/// with it.
/// </summary>
internal sealed class RowFiles : IDisposable
{
    private readonly BenchData _data;

    /// <summary>Writes parameters, inputs and gradients of outputs.</summary>
    public RowFiles(BenchData data)
    {
        _data = data;
        Folder = Directory.CreateTempSubdirectory("rnngpu-bench-").FullName;
        Write("parameters", data.Parameters);
        Write("x", [data.X]);
        Write("dy", [data.DY]);
    }

    /// <summary>Where they are.</summary>
    public string Folder { get; }

    /// <summary>A folder for one peer's results.</summary>
    public string Into(string peer)
    {
        string path = Path.Combine(Folder, peer);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>What a peer wrote.</summary>
    /// <exception cref="IOException">A file is missing.</exception>
    public BenchOutputs Read(string into, bool training)
    {
        float[] y = Read(Path.Combine(into, "y.f32"));
        if (!training) { return new BenchOutputs(y, null, null); }
        float[] all = Read(Path.Combine(into, "gradients.f32"));
        var gradients = new float[_data.Parameters.Length][];
        int at = 0;
        for (int i = 0; i < gradients.Length; i++)
        {
            // A file that is too short leaves its last tensors empty, which no comparison takes for right.
            int length = Math.Min(_data.Parameters[i].Length, all.Length - at);
            gradients[i] = all[at..(at + length)];
            at += length;
        }

        return new BenchOutputs(y, Read(Path.Combine(into, "dx.f32")), gradients);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Write(string name, float[][] tensors)
    {
        using FileStream file = File.Create(Path.Combine(Folder, name + ".f32"));
        foreach (float[] tensor in tensors) { file.Write(MemoryMarshal.AsBytes(tensor.AsSpan())); }
    }

    private static float[] Read(string path) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
}
