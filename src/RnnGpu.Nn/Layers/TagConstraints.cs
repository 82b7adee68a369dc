using RnnGpu.Nn.Data;

namespace RnnGpu.Nn;

/// <summary>Which tags may stand first, follow each other and stand last: 0 where allowed, -infinity where not.</summary>
public sealed class TagConstraints
{
    private readonly float[] _transitions, _start, _end;

    /// <summary>By a rule.</summary>
    /// <param name="tags">K.</param>
    /// <param name="allowed">Whether a tag may follow another; -1 stands for the edge of the sequence.</param>
    public TagConstraints(int tags, Func<int, int, bool> allowed)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tags);
        ArgumentNullException.ThrowIfNull(allowed);
        Tags = tags;
        _transitions = new float[tags * tags];
        _start = new float[tags];
        _end = new float[tags];
        for (int i = 0; i < tags; i++)
        {
            _start[i] = Score(allowed(-1, i));
            _end[i] = Score(allowed(i, -1));
            for (int j = 0; j < tags; j++) { _transitions[(i * tags) + j] = Score(allowed(i, j)); }
        }
    }

    /// <summary>K.</summary>
    public int Tags { get; }

    /// <summary><c>[K, K]</c>: row the tag before.</summary>
    public ReadOnlySpan<float> Transitions => _transitions;

    /// <summary><c>[K]</c>.</summary>
    public ReadOnlySpan<float> Start => _start;

    /// <summary><c>[K]</c>.</summary>
    public ReadOnlySpan<float> End => _end;

    /// <summary>
    /// Those of a scheme. BIO: I stands only behind B or I of its type. BMES (with or without O; BIOES, BILOU): M and E stand only
    /// behind B or M of their type, and behind B and M only M and E of their type.
    /// </summary>
    public static TagConstraints Of(SpanTags tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        TagScheme scheme = tags.Scheme;
        return new TagConstraints(tags.Count, (before, after) =>
        {
            bool open = tags.Part(before) is SpanPart.Begin or SpanPart.Inside, goesOn = tags.Part(after) is SpanPart.Inside or SpanPart.End;
            if (goesOn) { return open && tags.Type(before) == tags.Type(after); }
            return scheme == TagScheme.Bio || !open;
        });
    }

    private static float Score(bool allowed) => allowed ? 0f : float.NegativeInfinity;
}
