namespace RnnGpu.Cli.Charts;

/// <summary>One hue from pale to full, for cells and words: middle tones that read on light and dark ground.</summary>
internal static class Shade
{
    private const int Red = 0x4C, Green = 0x86, Blue = 0xC6;

    /// <summary>The full tone as <c>#RRGGBB</c>.</summary>
    public static string Full => $"#{Red:X2}{Green:X2}{Blue:X2}";

    /// <summary>Whether black text reads on the tone; white does on the others.</summary>
    public static bool IsPale(double weight) => weight < 0.6;

    /// <summary>The tone of a weight on a white ground, as <c>#RRGGBB</c>.</summary>
    /// <param name="weight">0 white, 1 full; held within.</param>
    public static string Of(double weight)
    {
        double part = double.IsNaN(weight) ? 0 : Math.Clamp(weight, 0, 1);
        return $"#{Tone(Red, part):X2}{Tone(Green, part):X2}{Tone(Blue, part):X2}";
    }

    private static int Tone(int full, double part) => (int)Math.Round(255 + ((full - 255) * part));
}
