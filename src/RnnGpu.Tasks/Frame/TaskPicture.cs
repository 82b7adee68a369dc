namespace RnnGpu.Tasks.Frame;

/// <summary>Something to look at after an evaluation; the program draws it in the terminal and as an SVG file.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Title">Above the picture.</param>
public abstract record TaskPicture(string Name, string Title);

/// <summary>Lines over one axis: forecast against truth.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Title">Above the picture.</param>
/// <param name="XLabel">What the horizontal axis counts.</param>
/// <param name="YLabel">What the vertical axis measures.</param>
/// <param name="Lines">At most four.</param>
public sealed record LinesPicture(string Name, string Title, string XLabel, string YLabel, IReadOnlyList<PictureLine> Lines) : TaskPicture(Name, Title);

/// <summary>A line of values at 0, 1, ...; NaN leaves a gap.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Values">In order.</param>
public sealed record PictureLine(string Name, IReadOnlyList<double> Values);

/// <summary>How often one class was taken for another.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Title">Above the picture.</param>
/// <param name="Labels">Names of the C classes.</param>
/// <param name="Counts"><c>[C, C]</c>: true class by predicted class.</param>
public sealed record ConfusionPicture(string Name, string Title, IReadOnlyList<string> Labels, long[,] Counts) : TaskPicture(Name, Title);

/// <summary>Weights over the words of texts: what a model looked at.</summary>
/// <param name="Name">File name without extension.</param>
/// <param name="Title">Above the picture.</param>
/// <param name="Texts">Some texts.</param>
public sealed record AttentionPicture(string Name, string Title, IReadOnlyList<AttentionText> Texts) : TaskPicture(Name, Title);

/// <summary>A text with a weight a word.</summary>
/// <param name="Caption">What was said of it: truth and prediction.</param>
/// <param name="Words">Words.</param>
/// <param name="Weights">From 0 to 1, one a word.</param>
public sealed record AttentionText(string Caption, IReadOnlyList<string> Words, IReadOnlyList<double> Weights);
