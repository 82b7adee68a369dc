using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.CharLm;

/// <summary>How a character model stands in a checkpoint: the manifest's section <c>model</c> and the file of its weights (<see cref="ModelFile"/>).</summary>
public static class CharModelFormat
{
    /// <summary>Name of the manifest's section.</summary>
    public const string SectionName = "model";

    private const string Task = "charlm";

    /// <summary>The section: sizes and vocabulary.</summary>
    public static JsonObject ToJson(CharModelConfig config, Vocabulary vocabulary) => new()
    {
        ["task"] = Task,
        ["cell"] = Layouts.Name(config.Cell),
        ["layers"] = config.Layers,
        ["hidden"] = config.Hidden,
        ["embedding"] = config.Embedding,
        ["dropout"] = CheckpointSection.Number(config.Dropout),
        ["vocabulary"] = new JsonArray([.. vocabulary.CodePoints.Select(codePoint => (JsonNode)codePoint)]),
    };

    /// <summary>Reads the section back.</summary>
    /// <exception cref="CheckpointException">Another task's model, a field that is missing or wrong, a size out of range, or
    /// sizes that do not fit the weights in the checkpoint.</exception>
    public static (CharModelConfig Config, Vocabulary Vocabulary) Read(Checkpoint checkpoint)
    {
        CheckpointSection section = checkpoint.Manifest.Section(SectionName);
        string task = section.String("task");
        if (task != Task) { throw Wrong(checkpoint, $"it is a model for '{task}', not for '{Task}'"); }
        if (!Layouts.TryParseCell(section.String("cell"), out CellKind cell)) { throw Wrong(checkpoint, $"there is no cell '{section.String("cell")}'"); }
        var config = new CharModelConfig(
            cell, section.Int32("layers"), section.Int32("hidden"), section.Int32("embedding"), section.Single("dropout"));
        Vocabulary vocabulary;
        try
        {
            config.Validate();
            vocabulary = new Vocabulary([.. section.Int64s("vocabulary").Select(codePoint => checked((int)codePoint))]);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw Wrong(checkpoint, e.Message, e);
        }

        // Before anything of that size is allocated: sizes that lie must not exhaust the memory.
        using SafeTensorsFile tensors = checkpoint.OpenTensors(ModelFile.Name);
        long stored = tensors.Tensors.Sum(entry => entry.Count), expected = config.ParameterCount(vocabulary.Size);
        if (stored != expected) { throw Wrong(checkpoint, $"a model of its sizes has {expected:N0} weights, but it holds {stored:N0}"); }
        return (config, vocabulary);
    }

    private static CheckpointException Wrong(Checkpoint checkpoint, string what, Exception? inner = null) =>
        new($"{checkpoint.Path}: {SectionName}", what, "Use a checkpoint that 'rnngpu train charlm' made", inner);
}
