using System.CommandLine;
using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Cli.Training;

/// <summary>The precision of a run's products: part of what it computes, so its checkpoints keep it and a resumed run goes on in it.</summary>
internal static class RunPrecision
{
    /// <summary>Name of the section of a checkpoint of a task.</summary>
    public const string SectionName = "products";

    private const string Field = "precision";

    /// <summary>The section.</summary>
    public static JsonObject ToJson(ComputeMode mode) => new() { [Field] = DeviceOptions.NameOf(mode) };

    /// <summary>Reads a section with the field; fp32 where it has none, as runs computed before precisions were saved.</summary>
    /// <exception cref="CheckpointException">No such precision.</exception>
    public static ComputeMode Read(CheckpointSection section)
    {
        if (!section.Has(Field)) { return ComputeMode.Fp32; }
        string name = section.String(Field);
        return DeviceOptions.TryParseMode(name, out ComputeMode mode)
            ? mode
            : throw new CheckpointException(
                "the checkpoint's settings", $"the field '{Field}' is '{name}', not one of {string.Join(", ", DeviceOptions.Modes)}",
                "The manifest was edited or made by a newer version: use that, or another checkpoint");
    }

    /// <summary>Reads a task's checkpoint.</summary>
    /// <inheritdoc cref="Read(CheckpointSection)"/>
    public static ComputeMode Read(Checkpoint checkpoint) =>
        checkpoint.Manifest.Sections.TryGetValue(SectionName, out CheckpointSection? section) ? Read(section) : ComputeMode.Fp32;

    /// <summary>Where and how a resumed run computes.</summary>
    /// <exception cref="UsageException">The command line asks for another precision than the run's.</exception>
    public static DeviceChoice Resumed(DeviceOptions device, ParseResult given, ComputeMode saved)
    {
        if (device.Precision(given) is { } asked && asked != saved)
        {
            throw new UsageException(
                $"{device.PrecisionOption.Name}: {DeviceOptions.NameOf(asked)} conflicts with {DeviceOptions.NameOf(saved)} of the run being resumed; leave it out");
        }

        return device.Read(given) with { Mode = saved, ModeIsTheRuns = true };
    }

    /// <summary>How the loss is scaled; null: it need not be.</summary>
    public static LossScaling? ScalingOf(ComputeMode mode) => mode == ComputeMode.Fp16 ? new LossScaling() : null;
}
