namespace RnnGpu.Nn.Checkpoints;

/// <summary>A tensor under the name it has in a file.</summary>
public readonly record struct NamedTensor(string Name, Tensor Tensor);

/// <summary>Float tensors of a device to and from safetensors files.</summary>
internal static class NamedTensors
{
    public static void Write(SafeTensorsWriter writer, IReadOnlyList<NamedTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Span<int> sizes = stackalloc int[Core.Shape.MaxRank];
        foreach ((string name, Tensor tensor) in tensors)
        {
            tensor.Shape.CopyTo(sizes);
            writer.Add(name, SafeTensorsDType.F32, (ReadOnlySpan<int>)sizes[..tensor.Rank]);
        }

        var values = new float[Longest(tensors)];
        foreach ((string name, Tensor tensor) in tensors)
        {
            Span<float> part = values.AsSpan(0, (int)tensor.Length);
            tensor.CopyTo(part);
            writer.Write(name, part);
        }
    }

    /// <summary>Reads all tensors of a file, after checking that they are these and no others, so that a file of another model
    /// changes nothing.</summary>
    /// <exception cref="CheckpointException">Names or shapes differ, or reading fails.</exception>
    public static void Read(SafeTensorsFile file, IReadOnlyList<NamedTensor> tensors)
    {
        Check(file, tensors);
        var values = new float[Longest(tensors)];
        foreach ((string name, Tensor tensor) in tensors)
        {
            Span<float> part = values.AsSpan(0, (int)tensor.Length);
            file.Read(name, part);
            tensor.Device.Upload<float>(part, tensor);
        }
    }

    /// <summary>Checks that a file holds exactly these tensors, by name and shape.</summary>
    /// <exception cref="CheckpointException">It does not.</exception>
    public static void Check(SafeTensorsFile file, IReadOnlyList<NamedTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(file);
        Span<int> sizes = stackalloc int[Core.Shape.MaxRank];
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in tensors)
        {
            tensor.Shape.CopyTo(sizes);
            file.Entry(name, sizes[..tensor.Rank]);
            names.Add(name);
        }

        foreach (SafeTensorsEntry entry in file.Tensors)
        {
            if (!names.Contains(entry.Name)) { throw file.Unexpected(entry); }
        }
    }

    private static int Longest(IReadOnlyList<NamedTensor> tensors)
    {
        long longest = 0;
        foreach (NamedTensor tensor in tensors) { longest = Math.Max(longest, tensor.Tensor.Length); }
        return checked((int)longest);
    }
}
