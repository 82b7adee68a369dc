using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using RnnGpu.Tasks.CharLm;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Cli.Verbs;

/// <summary><c>rnngpu sample</c>: lets a model write text.</summary>
internal static class SampleVerb
{
    private const int DefaultLength = 1000;
    private const double DefaultTemperature = 0.8;

    /// <summary>The verb.</summary>
    public static Command Create(CommandContext context)
    {
        Option<string> model = CommonOptions.Model();
        var prime = new Option<string?>("--prime") { Description = "Text that the model continues (default: the start of a line)", HelpName = "TEXT" };
        Option<int?> length = NumberOptions.Int32("--length", $"Characters to write (default: {DefaultLength})", 1, 100_000_000);
        Option<double?> temperature = NumberOptions.Real("--temperature", $"Above 1: bolder, below: more careful; 0 takes the likeliest (default: {DefaultTemperature})", 0, 100);
        Option<double?> topP = NumberOptions.Real("--top-p", "Draw from the likeliest characters that together have this probability (default: 1)", 0, 1, withoutLow: true);
        Option<ulong?> seed = NumberOptions.Seed("--seed", "Seed of the draws (default: 1)");
        var device = new DeviceOptions();
        var command = new Command("sample", "Let a trained model write text") { model, prime, length, temperature, topP, seed };
        device.AddTo(command);
        command.SetAction((given, stop) =>
        {
            // One stream makes small products: a second thread costs more in waiting than it saves.
            using LoadedModel loaded = LoadedModel.Open(given.GetRequiredValue(model), device.Read(given, threads: 1));
            var sampler = new TokenSampler(
                loaded.Vocabulary.Size, given.GetValue(temperature) ?? DefaultTemperature, given.GetValue(topP) ?? 1, given.GetValue(seed) ?? 1);
            return Task.FromResult(Write(context, loaded, sampler, given.GetValue(prime) ?? "", given.GetValue(length) ?? DefaultLength, stop));
        });
        return command;
    }

    private static int Write(CommandContext context, LoadedModel loaded, TokenSampler sampler, string prime, int length, CancellationToken stop)
    {
        ReadOnlySpan<int> given = TextCorpus.FromString(prime).CodePoints.Span;
        int unknown = given.ToArray().Count(codePoint => loaded.Vocabulary.Id(codePoint) == Vocabulary.UnknownId);
        if (unknown > 0) { context.Error.WriteLine($"note: {unknown} characters of --prime are not in the model's vocabulary"); }
        using var writer = new CharWriter(loaded.Model, loaded.Vocabulary);
        var text = new StringBuilder();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        writer.Read(given);
        if (!context.Json) { context.Text.Write(prime); }
        for (int i = 0; i < length; i++)
        {
            stop.ThrowIfCancellationRequested();
            string character = loaded.Vocabulary.Character(writer.Next(sampler)).ToString();
            if (context.Json) { text.Append(character); }
            else { context.Text.Write(character); }
        }

        if (!context.Json) { context.Text.WriteLine(); }
        context.WriteResult(new JsonObject
        {
            ["prime"] = prime,
            ["text"] = text.ToString(),
            ["characters"] = length,
            ["unknown_prime_characters"] = unknown,
            ["characters_per_second"] = CommandContext.Figure((given.Length + length) / clock.Elapsed.TotalSeconds),
            ["checkpoint"] = loaded.Path,
        });
        return (int)ExitCode.Ok;
    }
}
