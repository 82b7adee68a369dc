using System.Globalization;
using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Frame;

/// <summary>A setting that a task declares: on the command line it is <c>--name</c>, in a checkpoint a field.</summary>
public abstract class Setting
{
    private protected Setting(string name, string help)
    {
        Name = name;
        Help = help;
    }

    /// <summary>In lower case, words joined by <c>-</c>.</summary>
    public string Name { get; }

    /// <summary>One line for people.</summary>
    public string Help { get; }

    /// <summary>What values look like: <c>N</c>, <c>X</c>, or the words.</summary>
    public abstract string Form { get; }

    /// <summary>The value where none is given.</summary>
    public abstract object DefaultValue { get; }

    /// <summary>The value that a word stands for.</summary>
    /// <exception cref="FormatException">None; the message says what it takes.</exception>
    public abstract object Parse(string word);

    internal abstract JsonNode ToJson(object value);

    internal abstract object Read(CheckpointSection section);

    /// <summary>A whole number.</summary>
    public static Setting<int> Int(string name, int defaultValue, int low, int high, string help) => new IntSetting(name, defaultValue, low, high, help);

    /// <summary>A number.</summary>
    public static Setting<double> Real(string name, double defaultValue, double low, double high, string help) => new RealSetting(name, defaultValue, low, high, help);

    /// <summary>One of some words.</summary>
    public static Setting<string> Word(string name, string defaultValue, string[] words, string help) => new WordSetting(name, defaultValue, words, help);

    /// <summary>Any text; empty for none.</summary>
    public static Setting<string> Text(string name, string defaultValue, string help) => new TextSetting(name, defaultValue, help);

    /// <summary>Yes or no.</summary>
    public static Setting<bool> Flag(string name, bool defaultValue, string help) => new FlagSetting(name, defaultValue, help);

    private sealed class IntSetting(string name, int defaultValue, int low, int high, string help) : Setting<int>(name, defaultValue, help)
    {
        public override string Form => "N";

        public override object Parse(string word) =>
            int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= low && value <= high
                ? value
                : throw new FormatException($"--{Name}: '{word}' is not a whole number from {low} to {high}");

        internal override JsonNode ToJson(object value) => JsonValue.Create((int)value);

        internal override object Read(CheckpointSection section) =>
            section.Int32(Name) is int value && value >= low && value <= high ? value : throw section.Bad(Name, $"a whole number from {low} to {high}");
    }

    private sealed class RealSetting(string name, double defaultValue, double low, double high, string help) : Setting<double>(name, defaultValue, help)
    {
        public override string Form => "X";

        public override object Parse(string word) =>
            double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= low && value <= high
                ? value
                : throw new FormatException($"--{Name}: '{word}' is not a number from {low} to {high}");

        internal override JsonNode ToJson(object value) => CheckpointSection.Number((double)value);

        internal override object Read(CheckpointSection section) =>
            section.Double(Name) is double value && value >= low && value <= high ? value : throw section.Bad(Name, $"a number from {low} to {high}");
    }

    private sealed class WordSetting(string name, string defaultValue, string[] words, string help) : Setting<string>(name, defaultValue, help)
    {
        public override string Form => string.Join('|', words);

        public override object Parse(string word) =>
            words.Contains(word, StringComparer.Ordinal) ? word : throw new FormatException($"--{Name}: '{word}' is not one of {string.Join(", ", words)}");

        internal override JsonNode ToJson(object value) => JsonValue.Create((string)value);

        internal override object Read(CheckpointSection section) =>
            section.String(Name) is string value && words.Contains(value, StringComparer.Ordinal) ? value : throw section.Bad(Name, $"one of {string.Join(", ", words)}");
    }

    private sealed class TextSetting(string name, string defaultValue, string help) : Setting<string>(name, defaultValue, help)
    {
        public override string Form => "TEXT";

        public override object Parse(string word) => word;

        internal override JsonNode ToJson(object value) => JsonValue.Create((string)value);

        internal override object Read(CheckpointSection section) => section.String(Name);
    }

    private sealed class FlagSetting(string name, bool defaultValue, string help) : Setting<bool>(name, defaultValue, help)
    {
        public override string Form => "yes|no";

        public override object Parse(string word) => word switch
        {
            "yes" or "true" => true,
            "no" or "false" => false,
            _ => throw new FormatException($"--{Name}: '{word}' is neither yes nor no"),
        };

        internal override JsonNode ToJson(object value) => JsonValue.Create((bool)value);

        internal override object Read(CheckpointSection section) => section.Boolean(Name);
    }
}

/// <summary>A setting with values of one type.</summary>
public abstract class Setting<T> : Setting
    where T : notnull
{
    private protected Setting(string name, T defaultValue, string help)
        : base(name, help)
    {
        Default = defaultValue;
    }

    /// <summary>The value where none is given.</summary>
    public T Default { get; }

    /// <inheritdoc/>
    public override object DefaultValue => Default;

    /// <summary>This setting with a value, for presets and a task's own defaults.</summary>
    public SettingValue Is(T value) => new(this, value);
}

/// <summary>A setting with a value.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Value">Of the setting's type.</param>
public readonly record struct SettingValue(Setting Setting, object Value);
