using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Language;

namespace RnnGpu.Tasks.WordLm;

/// <summary>A word language model with its vocabulary.</summary>
public sealed class WordLmModel : TaskModel
{
    private readonly Device _device;
    private readonly WordVocabulary _words;
    private readonly LanguageModel _network;
    private readonly int _end;

    internal WordLmModel(Device device, LanguageConfig config, WordVocabulary words)
    {
        _device = device;
        _words = words;
        _end = words.Id(WordLmTask.EndOfLine);
        _network = new LanguageModel(device, config, words.Size);
    }

    /// <inheritdoc/>
    public override Module Network => _network;

    /// <inheritdoc/>
    public override TaskTraining Train(TaskData data, Settings settings)
    {
        var text = (WordLmData)data;
        int batch = settings.Get(TrainingSettings.Batch), steps = settings.Get(WordLmTask.SeqLength);
        IBatchSource<TokenBatch> source;
        long windows;
        if (text.Path is { } path)
        {
            var streamed = new StreamedText(path, TextUnit.Words, _words, batch, WordLmTask.EndOfLine);
            (source, windows) = (streamed, streamed.CountWindows(steps));
        }
        else
        {
            var held = new TokenStream(text.Encode(_words), batch, steps, (ulong)settings.Get(TrainingSettings.Seed), "words");
            (source, windows) = (held, held.WindowsPerEpoch);
        }

        return new TaskTraining<TokenBatch>(
            new WindowTraining(_network, batch), source, new TokenBatch(steps, batch), windows, "words", static window => window.Inputs.Length);
    }

    /// <inheritdoc/>
    public override WeightAveraging? MakeAveraging(Settings settings, long totalSteps) => TrainingSettings.MakeAveraging(settings, _network, totalSteps);

    /// <inheritdoc/>
    public override Scores Evaluate(TaskData data, bool full, CancellationToken stop = default)
    {
        // The first word is predicted too, from the end of a line before it.
        int[] ids = [_end, .. ((WordLmData)data).Encode(_words)];
        double nats = WindowTraining.Evaluate(_network, ids, stop);
        double unknown = (double)ids.Count(static id => id == WordVocabulary.UnknownId) / (ids.Length - 1);
        return new Scores(nats, [new Score("perplexity", Math.Exp(nats), "F2"), new Score("nats_per_word", nats), new Score("unknown_words", unknown, "P2")]);
    }

    /// <summary>Each line's perplexity, and a continuation of it up to the end of a line.</summary>
    public override void Predict(PredictionRequest request, Action<Prediction> answer, CancellationToken stop = default)
    {
        double temperature = request.Settings.Get(WordLmTask.Temperature);
        int most = request.Settings.Get(WordLmTask.Words), number = 0;
        var seed = (ulong)request.Settings.Get(TrainingSettings.Seed);
        foreach (TextLine line in request.Lines())
        {
            stop.ThrowIfCancellationRequested();
            string[] words = WordLmTask.Split(line);
            int[] ids = [_end, .. words.Select(word => _words.Id(word))];
            double perplexity = words.Length > 0 ? Math.Exp(WindowTraining.Evaluate(_network, ids, stop)) : double.NaN;
            using var writer = new TokenWriter(_network, _words.Size, temperature, topP: 1, seed + (ulong)number++, texts: 1);
            foreach (int id in ids) { writer.Read([id]); }
            var continuation = new List<string>();
            while (continuation.Count < most)
            {
                ReadOnlySpan<int> next = writer.Draw(never: WordVocabulary.UnknownId);
                if (next[0] == _end) { break; }
                continuation.Add(_words.Word(next[0]));
                writer.Read(next);
            }

            string text = string.Join(' ', [.. words, .. continuation]);
            answer(new Prediction(text, new JsonObject
            {
                ["text"] = text,
                ["continuation"] = string.Join(' ', continuation),
                ["perplexity"] = double.IsNaN(perplexity) ? null : perplexity,
            }));
        }
    }
}
