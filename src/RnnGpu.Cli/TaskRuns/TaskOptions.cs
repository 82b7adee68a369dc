using System.CommandLine;
using RnnGpu.Tasks.Frame;

namespace RnnGpu.Cli.TaskRuns;

/// <summary>A task's settings as options of a command: what is not given keeps the default, or the preset's value.</summary>
internal sealed class TaskOptions
{
    private readonly Dictionary<Setting, Option<object?>> _options = [];

    /// <summary>One option a setting.</summary>
    public TaskOptions(IEnumerable<Setting> settings, Settings defaults)
    {
        foreach (Setting setting in settings)
        {
            object normal = defaults.Value(setting);
            string shown = normal switch { bool flag => flag ? "yes" : "no", string { Length: 0 } => "none", _ => $"{normal}" };
            _options.Add(setting, new Option<object?>($"--{setting.Name}")
            {
                Description = $"{setting.Help} (default: {shown})",
                HelpName = setting.Form,
                CustomParser = result =>
                {
                    try
                    {
                        return setting.Parse(result.Tokens.Count > 0 ? result.Tokens[0].Value : "");
                    }
                    catch (FormatException e)
                    {
                        result.AddError(e.Message);
                        return null;
                    }
                },
            });
        }
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in _options.Values) { command.Add(option); }
    }

    /// <summary>What the command line says.</summary>
    public IEnumerable<SettingValue> Given(ParseResult given)
    {
        foreach ((Setting setting, Option<object?> option) in _options)
        {
            if (given.GetValue(option) is { } value) { yield return new SettingValue(setting, value); }
        }
    }
}
