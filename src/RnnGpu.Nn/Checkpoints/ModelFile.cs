namespace RnnGpu.Nn.Checkpoints;

/// <summary>
/// A model's parameters and buffers as a safetensors file, under the names of <see cref="Module.State"/>, which are PyTorch's.
/// </summary>
public static class ModelFile
{
    /// <summary>The file's name within a checkpoint.</summary>
    public const string Name = "model.safetensors";

    /// <summary>Writes all parameters and buffers.</summary>
    public static void Write(SafeTensorsWriter writer, Module model) => NamedTensors.Write(writer, State(model));

    /// <summary>Reads all parameters and buffers. A file of another model changes nothing.</summary>
    /// <exception cref="CheckpointException">Tensors are missing, too many or of another shape, or reading fails.</exception>
    public static void Read(SafeTensorsFile file, Module model)
    {
        NamedTensors.Read(file, State(model));
        foreach (NamedParameter entry in model.State()) { entry.Parameter.MarkChanged(); }
    }

    /// <summary>Reads the model of a checkpoint.</summary>
    /// <exception cref="CheckpointException">It has none, or another one.</exception>
    public static void Read(Checkpoint checkpoint, Module model)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using SafeTensorsFile file = checkpoint.OpenTensors(Name);
        Read(file, model);
    }

    internal static NamedTensor[] State(Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        IReadOnlyList<NamedParameter> state = model.State();
        var tensors = new NamedTensor[state.Count];
        for (int i = 0; i < tensors.Length; i++) { tensors[i] = new NamedTensor(state[i].Name, state[i].Parameter.Value); }
        return tensors;
    }
}
