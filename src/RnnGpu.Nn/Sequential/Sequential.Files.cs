using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Nn;

public sealed partial class Sequential
{
    /// <summary>Saves the weights as a safetensors file, whole or not at all.</summary>
    /// <exception cref="CheckpointException">It cannot be written; a file that was there before is whole.</exception>
    public void Save(string path) => ModelFile.Save(path, this);

    /// <summary>Loads weights that <see cref="Save"/>, or PyTorch for the same layers, saved.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, is damaged or of another model; the model is unchanged.</exception>
    public void Load(string path) => ModelFile.Load(path, this);
}
