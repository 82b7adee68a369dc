using System.Text.Json.Nodes;
using RnnGpu.Core;
using RnnGpu.Nn;
using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;

namespace RnnGpu.Tasks.Language;

/// <summary>Where a <see cref="TokenStream"/> stands.</summary>
/// <param name="Epoch">Passes over the text that are complete.</param>
/// <param name="Window">Windows of the present epoch that were handed out.</param>
public readonly record struct TokenCursor(long Epoch, long Window);

/// <summary>
/// Batches for truncated back-propagation through time. Each epoch cuts the text in B contiguous streams of equal length,
/// one beside the other, and walks through all of them in windows of T tokens (words or characters): a window continues where the one before it
/// ended, so that recurrent state carries over from window to window. The first stream starts at an offset that depends on
/// seed and epoch only, so that windows fall elsewhere in every epoch; what that leaves over at both ends
/// (less than T (B + 1) tokens) is left out of that epoch. State does not carry over from epoch to epoch.
/// </summary>
public sealed class TokenStream : IBatchSource<TokenBatch>
{
    private readonly int[] _ids;
    private readonly ulong _seed;
    private TokenCursor _cursor;
    private int _offset;

    /// <summary>Streams over a text.</summary>
    /// <param name="ids">The text as vocabulary ids.</param>
    /// <param name="batch">B, streams.</param>
    /// <param name="steps">T, tokens of a window.</param>
    /// <param name="seed">Of the epochs' offsets.</param>
    /// <param name="unit">What tokens are, for messages.</param>
    /// <exception cref="DataException">The text is too short for one window of every stream.</exception>
    public TokenStream(int[] ids, int batch, int steps, ulong seed, string unit = "characters")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        long needed = (batch + 1L) * steps;
        if (ids.Length < needed)
        {
            throw new DataException(
                $"the training text is too short: {ids.Length:N0} {unit}, but {batch} streams in windows of {steps} need {needed:N0}; "
                + "give more data, a smaller batch or shorter sequences");
        }

        _ids = ids;
        _seed = seed;
        Batch = batch;
        Steps = steps;

        // One token more than the inputs is needed for the last target, and T - 1 for the offset to move windows by.
        WindowsPerEpoch = (int)((ids.Length - (long)steps) / ((long)batch * steps));
        Cursor = default;
    }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>T.</summary>
    public int Steps { get; }

    /// <summary>Windows of every epoch.</summary>
    public int WindowsPerEpoch { get; }

    /// <summary>Tokens trained on in a window.</summary>
    public int TokensPerWindow => Batch * Steps;

    /// <summary>Whether the next window is the first of its epoch: recurrent state is to be cleared before it.</summary>
    public bool StartsEpoch => _cursor.Window == 0;

    /// <inheritdoc/>
    public bool EpochEnded { get; private set; }

    /// <summary>What the next window is. Settable, to resume: the same cursor gives the same windows from there on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A cursor that this stream never has.</exception>
    public TokenCursor Cursor
    {
        get => _cursor;
        set
        {
            if (value.Epoch < 0 || value.Window < 0 || value.Window >= WindowsPerEpoch)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(value), $"data cursor (epoch {value.Epoch}, window {value.Window}) does not fit {WindowsPerEpoch} windows an epoch");
            }

            _cursor = value;
            int spare = _ids.Length - 1 - (WindowsPerEpoch * TokensPerWindow);
            Span<uint> words = stackalloc uint[4];
            Philox.Block(new RandomKey(_seed, (ulong)value.Epoch, RandomSites.EpochOffset), 0, words);
            _offset = (int)(((ulong)words[0] * (uint)(spare + 1)) >> 32);
        }
    }

    /// <summary>First token of the present epoch's first stream.</summary>
    public int Offset => _offset;

    /// <summary>Writes the next window and moves on. Allocates nothing.</summary>
    /// <param name="inputs"><c>[T, B]</c>: token ids.</param>
    /// <param name="targets"><c>[T, B]</c>: the ids that follow them.</param>
    /// <exception cref="ArgumentException">Arrays of another length than T B.</exception>
    public void Next(Span<int> inputs, Span<int> targets)
    {
        if (inputs.Length != TokensPerWindow || targets.Length != TokensPerWindow)
        {
            throw new ArgumentException($"a window has {TokensPerWindow} tokens; the arrays have {inputs.Length} and {targets.Length}");
        }

        int streamLength = WindowsPerEpoch * Steps;
        int start = _offset + (int)(_cursor.Window * Steps);
        for (int t = 0; t < Steps; t++)
        {
            for (int b = 0; b < Batch; b++)
            {
                int at = start + t + (b * streamLength);
                inputs[(t * Batch) + b] = _ids[at];
                targets[(t * Batch) + b] = _ids[at + 1];
            }
        }

        EpochEnded = _cursor.Window + 1 == WindowsPerEpoch;
        if (EpochEnded) { Cursor = new TokenCursor(_cursor.Epoch + 1, 0); }
        else { _cursor = _cursor with { Window = _cursor.Window + 1 }; }
    }

    /// <inheritdoc/>
    public void Next(TokenBatch batch) => Next(batch.Inputs, batch.Targets);

    /// <inheritdoc/>
    public void Save(JsonObject cursor)
    {
        cursor["epoch"] = _cursor.Epoch;
        cursor["window"] = _cursor.Window;
        cursor["windows_per_epoch"] = WindowsPerEpoch;
    }

    /// <inheritdoc/>
    public void Restore(CheckpointSection cursor)
    {
        var saved = new TokenCursor(cursor.Int64("epoch"), cursor.Int64("window"));
        int windows = cursor.Int32("windows_per_epoch");
        if (windows != WindowsPerEpoch || saved.Epoch < 0 || saved.Window < 0 || saved.Window >= windows)
        {
            throw new CheckpointException(
                "data cursor",
                $"epoch {saved.Epoch}, window {saved.Window} of {windows} does not fit this text of {WindowsPerEpoch} windows an epoch",
                "Resume with the text, batch and sequence length that the run was started with");
        }

        Cursor = saved;
    }
}
