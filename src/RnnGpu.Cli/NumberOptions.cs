using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace RnnGpu.Cli;

/// <summary>
/// Options that take a number: parsed without regard to the user's culture, checked against a range, and null when not given.
/// Messages name the option, the word given and the range.
/// </summary>
internal static class NumberOptions
{
    /// <summary>A whole number.</summary>
    public static Option<int?> Int32(string name, string description, int low, int high) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => (int?)Whole(result, name, low, high),
    };

    /// <summary>A whole number of 64 bits.</summary>
    public static Option<long?> Int64(string name, string description, long low, long high) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Whole(result, name, low, high),
    };

    /// <summary>Any whole number from 0 to 2^64 - 1.</summary>
    public static Option<ulong?> Seed(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            string word = Word(result);
            if (ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)) { return value; }
            result.AddError($"{name}: '{word}' is not a whole number from 0 to {ulong.MaxValue}");
            return null;
        },
    };

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>; either end may be left out of the range.</summary>
    public static Option<double?> Real(
        string name, string description, double low, double high, bool withoutLow = false, bool withoutHigh = false) => new(name)
        {
            Description = description,
            HelpName = "X",
            CustomParser = result =>
            {
                string word = Word(result);
                const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
                if (!double.TryParse(word, Style, CultureInfo.InvariantCulture, out double value) || !double.IsFinite(value))
                {
                    result.AddError($"{name}: '{word}' is not a number");
                    return null;
                }

                bool inside = (withoutLow ? value > low : value >= low) && (withoutHigh ? value < high : value <= high);
                if (inside) { return value; }
                string range = $"{(withoutLow ? "above" : "from")} {low} {(withoutHigh ? "to below" : "to")} {high}";
                result.AddError($"{name}: {word} is out of range; it takes a number {range}");
                return null;
            },
        };

    /// <summary>One of some words.</summary>
    public static Option<string?> Word(string name, string description, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        CustomParser = result =>
        {
            string word = Word(result);
            if (words.Contains(word, StringComparer.Ordinal)) { return word; }
            result.AddError($"{name}: '{word}' is not one of {string.Join(", ", words)}");
            return null;
        },
    };

    /// <summary>Some of some words, separated by commas, in the order given, each once.</summary>
    public static Option<string[]?> Words(string name, string description, params string[] words) => new(name)
    {
        Description = description,
        HelpName = "A,B,...",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            string[] list = [.. Word(result).Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];
            foreach (string word in list)
            {
                if (words.Contains(word, StringComparer.Ordinal)) { continue; }
                result.AddError($"{name}: '{word}' is not one of {string.Join(", ", words)}");
                return null;
            }

            return list;
        },
    };

    private static long? Whole(ArgumentResult result, string name, long low, long high)
    {
        string word = Word(result);
        const NumberStyles Style = NumberStyles.AllowLeadingSign;
        if (Int128.TryParse(word, Style, CultureInfo.InvariantCulture, out Int128 value))
        {
            if (value >= low && value <= high) { return (long)value; }
            result.AddError($"{name}: {word} is out of range; it takes a whole number from {low} to {high}");
        }
        else
        {
            result.AddError($"{name}: '{word}' is not a whole number");
        }

        return null;
    }

    private static string Word(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
}
