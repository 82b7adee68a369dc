namespace RnnGpu.Nn;

/// <summary>
/// Counts of targets against predictions, row by row as they come, and the figures that follow from them. A figure whose denominator is 0 is 0, as in
/// scikit-learn; means over classes leave out those that occur neither as target nor as prediction.
/// </summary>
public sealed class ConfusionMatrix
{
    private readonly long[] _counts;

    /// <summary>Of so many classes, empty.</summary>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(classes);
        Classes = classes;
        _counts = new long[checked(classes * classes)];
    }

    /// <summary>C.</summary>
    public int Classes { get; }

    /// <summary>Rows counted.</summary>
    public long Total { get; private set; }

    /// <summary>Rows of one class that were taken for another (or for itself).</summary>
    public long this[int target, int prediction] => _counts[Index(target, prediction)];

    /// <summary>Part of the rows that were right: sum of n[c, c] / n. NaN without rows.</summary>
    public double Accuracy => Total == 0 ? double.NaN : Sum(static (matrix, c) => matrix[c, c]) / Total;

    /// <summary>Mean of <see cref="F1"/> over the classes that occur. NaN without rows.</summary>
    public double MacroF1 => Mean(static (matrix, c) => matrix.F1(c), static (matrix, c) => matrix.Targets(c) + matrix.Predictions(c) > 0);

    /// <summary>Mean of <see cref="Recall"/> over the classes that occur as targets: balanced accuracy. NaN without rows.</summary>
    public double MacroRecall => Mean(static (matrix, c) => matrix.Recall(c), static (matrix, c) => matrix.Targets(c) > 0);

    /// <summary>Counts a row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such class.</exception>
    public void Add(int target, int prediction)
    {
        _counts[Index(target, prediction)]++;
        Total++;
    }

    /// <summary>Adds another matrix's counts: of another fold, say.</summary>
    public void Add(ConfusionMatrix other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Classes != Classes) { throw new ArgumentException($"a matrix of {Classes} classes does not take one of {other.Classes}"); }
        for (int i = 0; i < _counts.Length; i++) { _counts[i] += other._counts[i]; }
        Total += other.Total;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Total = 0;
    }

    /// <summary>Rows whose target is the class.</summary>
    public long Targets(int label)
    {
        long sum = 0;
        for (int c = 0; c < Classes; c++) { sum += this[label, c]; }
        return sum;
    }

    /// <summary>Rows that were taken for the class.</summary>
    public long Predictions(int label)
    {
        long sum = 0;
        for (int c = 0; c < Classes; c++) { sum += this[c, label]; }
        return sum;
    }

    /// <summary>Of the rows taken for the class, the part that is of it: n[c, c] / predictions.</summary>
    public double Precision(int label) => Ratio(this[label, label], Predictions(label));

    /// <summary>Of the class's rows, the part that was found: n[c, c] / targets.</summary>
    public double Recall(int label) => Ratio(this[label, label], Targets(label));

    /// <summary>Harmonic mean of precision and recall: 2 n[c, c] / (targets + predictions).</summary>
    public double F1(int label) => Ratio(2 * this[label, label], Targets(label) + Predictions(label));

    private static double Ratio(long part, long whole) => whole == 0 ? 0 : (double)part / whole;

    private double Sum(Func<ConfusionMatrix, int, double> figure)
    {
        double sum = 0;
        for (int c = 0; c < Classes; c++) { sum += figure(this, c); }
        return sum;
    }

    private double Mean(Func<ConfusionMatrix, int, double> figure, Func<ConfusionMatrix, int, bool> occurs)
    {
        double count = Sum((matrix, c) => occurs(matrix, c) ? 1 : 0);
        return count == 0 ? double.NaN : Sum((matrix, c) => occurs(matrix, c) ? figure(matrix, c) : 0) / count;
    }

    private int Index(int target, int prediction)
    {
        if ((uint)target >= (uint)Classes) { throw new ArgumentOutOfRangeException(nameof(target), target, $"there are {Classes} classes"); }
        if ((uint)prediction >= (uint)Classes) { throw new ArgumentOutOfRangeException(nameof(prediction), prediction, $"there are {Classes} classes"); }
        return (target * Classes) + prediction;
    }
}
