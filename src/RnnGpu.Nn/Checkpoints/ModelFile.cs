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
    public static void Read(SafeTensorsFile file, Module model) => NamedTensors.Read(file, State(model));

    /// <summary>Reads the model of a checkpoint.</summary>
    /// <exception cref="CheckpointException">It has none, or another one.</exception>
    public static void Read(Checkpoint checkpoint, Module model)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        using SafeTensorsFile file = checkpoint.OpenTensors(Name);
        Read(file, model);
    }

    /// <summary>Saves a model as a file of its own, whole or not at all: under another name first, then renamed.</summary>
    /// <exception cref="CheckpointException">It cannot be written; a file that was there before is whole.</exception>
    public static void Save(string path, Module model)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temp = path + ".tmp";
        try
        {
            using (var stream = new FileStream(temp, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                var writer = new SafeTensorsWriter(stream);
                Write(writer, model);
                writer.Finish();
                stream.Flush(flushToDisk: true);
            }

            File.Move(temp, path, overwrite: true);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            TryDelete(temp);
            throw new CheckpointException(
                path, $"the model could not be saved ({e.Message.TrimEnd('.')})", "Check the folder, its permissions and its disk", e);
        }
    }

    /// <summary>Loads a file of <see cref="Save"/>.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, is damaged or of another model; the model is unchanged.</exception>
    public static void Load(string path, Module model)
    {
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        Read(file, model);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (CheckpointException.IsFileError(e))
        {
            // Why the save failed is what the user must know; the next save overwrites the leftover.
        }
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
