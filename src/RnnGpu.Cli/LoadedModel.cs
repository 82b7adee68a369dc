using RnnGpu.Cli.Training;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Tasks.CharLm;

namespace RnnGpu.Cli;

/// <summary>A character model from a checkpoint, ready to use.</summary>
internal sealed class LoadedModel : IDisposable
{
    private readonly Device _device;

    private LoadedModel(Device device, CharModel model, Vocabulary vocabulary, string path)
    {
        _device = device;
        Model = model;
        Vocabulary = vocabulary;
        Path = path;
    }

    /// <summary>The model, in evaluation mode.</summary>
    public CharModel Model { get; }

    /// <summary>The characters it knows.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>Folder of the checkpoint.</summary>
    public string Path { get; }

    /// <summary>Opens the model of a run or of one checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or it is damaged or another task's.</exception>
    public static LoadedModel Open(string directory, DeviceChoice device)
    {
        if (string.IsNullOrWhiteSpace(directory)) { throw new UsageException("--model: no directory is named"); }
        Checkpoint checkpoint = RunDirectory.OpenModel(directory);
        (CharModelConfig config, Vocabulary vocabulary) = CharModelFormat.Read(checkpoint);
        var home = new Device(Backends.Create(device));
        try
        {
            var model = new CharModel(home, config, vocabulary.Size);
            ModelFile.Read(checkpoint, model);
            model.Eval();
            return new LoadedModel(home, model, vocabulary, checkpoint.Path);
        }
        catch
        {
            home.Dispose();
            throw;
        }
    }

    /// <summary>Frees the device with all on it.</summary>
    public void Dispose()
    {
        Model.Dispose();
        _device.Dispose();
    }
}
