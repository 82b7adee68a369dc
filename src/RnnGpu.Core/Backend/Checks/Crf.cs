namespace RnnGpu.Core;

/// <summary>Sizes of a conditional random field's operands.</summary>
/// <param name="Steps">T.</param>
/// <param name="Batch">B.</param>
/// <param name="Tags">K.</param>
public readonly record struct CrfSizes(int Steps, int Batch, int Tags);

public static partial class Check
{
    /// <summary>Arguments of <see cref="IBackend.CrfForward"/>; gives the sizes and the limit that the tags must stay below.</summary>
    public static (CrfSizes Sizes, IndexLimit Limit) CrfForward(
        in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView loss)
    {
        CrfSizes sizes = Scores(scores, nameof(CrfForward));
        long rows = (long)sizes.Steps * sizes.Batch;
        if (!tags.IsEmpty) { Ints(tags, nameof(tags), rows); }
        Floats(alpha, nameof(alpha), rows * sizes.Tags);
        Floats(shifts, nameof(shifts), rows);
        Floats(loss, nameof(loss), sizes.Batch);
        return (sizes, new IndexLimit(nameof(CrfForward), "tag", sizes.Tags, "tags"));
    }

    /// <summary>Arguments of <see cref="IBackend.CrfBackward"/>, the workspace excepted.</summary>
    public static (CrfSizes Sizes, IndexLimit Limit) CrfBackward(
        in CrfScores scores, in TensorView tags, in TensorView alpha, in TensorView shifts, in TensorView dLoss,
        in TensorView dEmissions, in TensorView dTransitions, in TensorView dStart, in TensorView dEnd)
    {
        CrfSizes sizes = Scores(scores, nameof(CrfBackward));
        long rows = (long)sizes.Steps * sizes.Batch;
        if (!tags.IsEmpty) { Ints(tags, nameof(tags), rows); }
        Floats(alpha, nameof(alpha), rows * sizes.Tags);
        Floats(shifts, nameof(shifts), rows);
        Floats(dLoss, nameof(dLoss), sizes.Batch);
        Floats(dEmissions, nameof(dEmissions), rows * sizes.Tags);
        OptionalFloats(dTransitions, nameof(dTransitions), (long)sizes.Tags * sizes.Tags);
        OptionalFloats(dStart, nameof(dStart), sizes.Tags);
        OptionalFloats(dEnd, nameof(dEnd), sizes.Tags);
        return (sizes, new IndexLimit(nameof(CrfBackward), "tag", sizes.Tags, "tags"));
    }

    /// <summary>Arguments of <see cref="IBackend.CrfDecode"/>, the workspace excepted.</summary>
    public static CrfSizes CrfDecode(in CrfScores scores, in TensorView tags, in TensorView best)
    {
        CrfSizes sizes = Scores(scores, nameof(CrfDecode));
        Ints(tags, nameof(tags), (long)sizes.Steps * sizes.Batch);
        Floats(best, nameof(best), sizes.Batch);
        return sizes;
    }

    /// <summary>A workspace of so many bytes.</summary>
    public static void CrfWorkspace(in TensorView workspace, long bytes, string op)
    {
        if (bytes > 0 && (workspace.IsEmpty || workspace.Length * sizeof(float) < bytes)) { Fail(op, $"the workspace needs {bytes} bytes, not {workspace}"); }
    }

    private static CrfSizes Scores(in CrfScores scores, string op)
    {
        Floats(scores.Emissions, "emissions", op);
        Shape shape = scores.Emissions.Shape;
        if (shape.Rank != 3 || shape[2] == 0) { Fail(op, $"emissions are [T, B, K] with at least one tag, not {shape}"); }
        long tags = shape[2];
        Floats(scores.Transitions, "transitions", tags * tags, op);
        Floats(scores.Start, "start", tags, op);
        Floats(scores.End, "end", tags, op);
        if (!scores.Lengths.IsEmpty) { Ints(scores.Lengths, "lengths", shape[1], op); }
        return new CrfSizes(shape[0], shape[1], shape[2]);
    }
}
