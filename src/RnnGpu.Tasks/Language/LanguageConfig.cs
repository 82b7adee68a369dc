using RnnGpu.Tasks.Frame;

namespace RnnGpu.Tasks.Language;

/// <summary>Sizes and dropout of a <see cref="LanguageModel"/>.</summary>
/// <param name="Units">E and H: a token's vector and the units of each layer, equal since the decoder is the embedding.</param>
/// <param name="Layers">LSTM layers.</param>
/// <param name="TokenDropout">Probability with which a token of the vocabulary is missing from a training step.</param>
/// <param name="InputDropout">Locked dropout of the embedded tokens.</param>
/// <param name="LayerDropout">Locked dropout between layers.</param>
/// <param name="OutputDropout">Locked dropout before the decoder.</param>
/// <param name="WeightDrop">Dropout of the recurrent weights.</param>
public sealed record LanguageConfig(
    int Units, int Layers = 2, float TokenDropout = 0f, float InputDropout = 0f, float LayerDropout = 0f, float OutputDropout = 0f,
    float WeightDrop = 0f)
{
    private static readonly Setting<int> UnitsSetting = Setting.Int("units", 256, 1, 1 << 14, "Units of each LSTM layer and of a token's vector");
    private static readonly Setting<int> LayersSetting = Setting.Int("layers", 2, 1, 64, "LSTM layers");
    private static readonly Setting<double> TokenSetting = Setting.Real("token-dropout", 0, 0, 0.99, "Part of the vocabulary missing from a training step");
    private static readonly Setting<double> InputSetting = Setting.Real("input-dropout", 0, 0, 0.99, "Dropout of embedded tokens, one mask a window");
    private static readonly Setting<double> LayerSetting = Setting.Real("layer-dropout", 0, 0, 0.99, "Dropout between layers, one mask a window");
    private static readonly Setting<double> OutputSetting = Setting.Real("output-dropout", 0, 0, 0.99, "Dropout before the decoder, one mask a window");
    private static readonly Setting<double> WeightSetting = Setting.Real("weight-drop", 0, 0, 0.99, "Dropout of the recurrent weights");

    /// <summary>The settings that make a configuration.</summary>
    public static IReadOnlyList<Setting> Settings { get; } =
        [UnitsSetting, LayersSetting, TokenSetting, InputSetting, LayerSetting, OutputSetting, WeightSetting];

    /// <summary>This configuration as values of <see cref="Settings"/>, for presets.</summary>
    public IReadOnlyList<SettingValue> Values() =>
    [
        UnitsSetting.Is(Units), LayersSetting.Is(Layers), TokenSetting.Is(Round(TokenDropout)), InputSetting.Is(Round(InputDropout)),
        LayerSetting.Is(Round(LayerDropout)), OutputSetting.Is(Round(OutputDropout)), WeightSetting.Is(Round(WeightDrop)),
    ];

    /// <summary>The configuration that settings say.</summary>
    public static LanguageConfig Of(Settings settings) => new(
        settings.Get(UnitsSetting), settings.Get(LayersSetting), (float)settings.Get(TokenSetting), (float)settings.Get(InputSetting),
        (float)settings.Get(LayerSetting), (float)settings.Get(OutputSetting), (float)settings.Get(WeightSetting));

    // 0.3f as 0.3, not as 0.30000001192092896, where people read settings.
    private static double Round(float value) => Math.Round(value, 6);
}
