using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Language;

/// <summary>
/// A text cut in S pieces that are evaluated side by side. Every token (word or character) after the text's first is predicted and counted
/// exactly once. A piece other than the first starts <c>warmUp</c> tokens early, with state zero, and those predictions do
/// not count: so that the state at a piece's start knows the text before it, as it would in one long pass (S = 1, which is
/// exact). With a warm-up of some hundreds of tokens the difference is far below a thousandth of a nat.
/// </summary>
public sealed class EvaluationStreams
{
    /// <summary>Warm-up in tokens that verbs use.</summary>
    public const int DefaultWarmUp = 256;

    private const int Padding = 0;

    private readonly int[] _ids;
    private readonly int[] _starts; // first input of each stream
    private readonly int[] _firsts; // first counted target of each stream, and the end
    private int _step;

    /// <summary>Streams over a text.</summary>
    /// <param name="ids">The text as vocabulary ids.</param>
    /// <param name="streams">S; fewer are made when the text has fewer tokens to predict.</param>
    /// <param name="steps">T: tokens of a window.</param>
    /// <param name="warmUp">Tokens before a piece that set its state.</param>
    /// <exception cref="DataException">Fewer than two tokens: nothing to predict.</exception>
    public EvaluationStreams(int[] ids, int streams, int steps, int warmUp = DefaultWarmUp)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(streams, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(warmUp);
        if (ids.Length < 2) { throw new DataException($"the text is too short to evaluate: {ids.Length} tokens, at least 2 are needed"); }
        _ids = ids;
        Streams = Math.Min(streams, ids.Length - 1);
        Steps = steps;
        _firsts = new int[Streams + 1];
        _starts = new int[Streams];
        int longest = 0;
        for (int s = 0; s <= Streams; s++) { _firsts[s] = 1 + (int)((long)s * (ids.Length - 1) / Streams); }
        for (int s = 0; s < Streams; s++)
        {
            _starts[s] = Math.Max(0, _firsts[s] - 1 - warmUp);
            longest = Math.Max(longest, _firsts[s + 1] - 1 - _starts[s]);
        }

        Windows = (longest + steps - 1) / steps;
    }

    /// <summary>S.</summary>
    public int Streams { get; }

    /// <summary>T.</summary>
    public int Steps { get; }

    /// <summary>Windows of the whole pass.</summary>
    public int Windows { get; }

    /// <summary>Tokens that are predicted and counted: all but the first.</summary>
    public int Tokens => _ids.Length - 1;

    /// <summary>A number of streams at which warm-up costs little: one for every 2048 tokens, at most 64.</summary>
    public static int SuitableStreams(int tokens) => Math.Clamp(tokens / (8 * DefaultWarmUp), 1, 64);

    /// <summary>Back to the first window.</summary>
    public void Restart() => _step = 0;

    /// <summary>Writes the next window.</summary>
    /// <param name="inputs"><c>[T, S]</c>: token ids; 0 after a stream's end.</param>
    /// <param name="targets"><c>[T, S]</c>: the ids that follow, or -1 where the prediction does not count.</param>
    /// <returns>False after the last window; then nothing is written.</returns>
    public bool Next(Span<int> inputs, Span<int> targets)
    {
        if (inputs.Length != Steps * Streams || targets.Length != Steps * Streams)
        {
            throw new ArgumentException($"a window has {Steps * Streams} tokens; the arrays have {inputs.Length} and {targets.Length}");
        }

        if (_step >= Windows * Steps) { return false; }
        for (int t = 0; t < Steps; t++)
        {
            for (int s = 0; s < Streams; s++)
            {
                int target = _starts[s] + _step + t + 1;
                bool within = target < _firsts[s + 1];
                inputs[(t * Streams) + s] = within ? _ids[target - 1] : Padding;
                targets[(t * Streams) + s] = within && target >= _firsts[s] ? _ids[target] : -1;
            }
        }

        _step += Steps;
        return true;
    }
}
