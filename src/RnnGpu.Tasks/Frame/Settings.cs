using System.Text.Json.Nodes;
using RnnGpu.Nn.Checkpoints;

namespace RnnGpu.Tasks.Frame;

/// <summary>The values of a task's settings: everything that decides, with the data, what a run computes. Immutable.</summary>
public sealed class Settings
{
    private readonly Setting[] _declared;
    private readonly Dictionary<string, object> _values;

    /// <summary>The defaults of some settings.</summary>
    /// <exception cref="ArgumentException">Two settings of one name.</exception>
    public Settings(IEnumerable<Setting> declared)
    {
        _declared = [.. declared];
        _values = _declared.ToDictionary(setting => setting.Name, setting => setting.DefaultValue, StringComparer.Ordinal);
    }

    private Settings(Setting[] declared, Dictionary<string, object> values)
    {
        _declared = declared;
        _values = values;
    }

    /// <summary>All settings, in the order in which they were declared.</summary>
    public IReadOnlyList<Setting> Declared => _declared;

    /// <summary>A setting's value.</summary>
    /// <exception cref="ArgumentException">It was not declared.</exception>
    public T Get<T>(Setting<T> setting)
        where T : notnull => (T)Value(setting);

    /// <summary>A setting's value.</summary>
    /// <inheritdoc cref="Get"/>
    public object Value(Setting setting) =>
        _values.TryGetValue(setting.Name, out object? value) ? value : throw new ArgumentException($"there is no setting '{setting.Name}'", nameof(setting));

    /// <summary>The same settings, some with other values.</summary>
    public Settings With(params IEnumerable<SettingValue> values)
    {
        var changed = new Dictionary<string, object>(_values, StringComparer.Ordinal);
        foreach (SettingValue value in values)
        {
            Value(value.Setting);
            changed[value.Setting.Name] = value.Value;
        }

        return new Settings(_declared, changed);
    }

    /// <summary>For a checkpoint's section.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        foreach (Setting setting in _declared) { json[setting.Name] = setting.ToJson(_values[setting.Name]); }
        return json;
    }

    /// <summary>Reads <see cref="ToJson"/> back.</summary>
    /// <exception cref="CheckpointException">A field is missing, wrong or out of range.</exception>
    public static Settings Read(IEnumerable<Setting> declared, CheckpointSection section)
    {
        var settings = new Settings(declared);
        return settings.With(settings._declared.Select(setting => new SettingValue(setting, setting.Read(section))));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _declared.Select(setting => $"{setting.Name} {_values[setting.Name]}"));
}
