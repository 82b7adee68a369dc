using System.CommandLine;
using RnnGpu.Core;

namespace RnnGpu.Cli;

/// <summary>Options that several verbs have.</summary>
internal static class CommonOptions
{
    /// <summary>Values of <c>--cell</c>.</summary>
    public static readonly string[] Cells = [.. Enum.GetValues<CellKind>().Select(Layouts.Name)];

    /// <summary><c>--model</c>.</summary>
    public static Option<string> Model() => new("--model")
    {
        Description = "Directory of a training run (its best checkpoint is taken) or of one checkpoint",
        HelpName = "DIR",
        Required = true,
    };
}
