using System.Diagnostics;
using System.Globalization;

namespace RnnGpu.Cli.Bench.Cpu;

/// <summary>How busy a machine is at a moment, by Linux' <c>/proc</c>; NaN where there is none.</summary>
/// <param name="Average">Load average of the last minute.</param>
/// <param name="BusySeconds">Processor time of all processes since the machine started.</param>
/// <param name="StolenSeconds">Time in which the machine's host ran something else on its processors.</param>
/// <param name="OwnSeconds">Processor time of the bench and its peers.</param>
/// <param name="Timestamp">Of <see cref="Stopwatch"/>.</param>
internal sealed record MachineLoad(double Average, double BusySeconds, double StolenSeconds, double OwnSeconds, long Timestamp)
{
    private const double TicksPerSecond = 100;

    /// <summary>Now.</summary>
    /// <param name="ownSeconds">Processor time of the bench and its peers.</param>
    public static MachineLoad Now(double ownSeconds)
    {
        (double busy, double stolen) = Processors(FirstLine("/proc/stat"));
        return new MachineLoad(Number(FirstLine("/proc/loadavg").Split(' ')[0]), busy, stolen, ownSeconds, Stopwatch.GetTimestamp());
    }

    /// <summary>The processors that others used on average since an earlier moment.</summary>
    public double Others(MachineLoad earlier) => Math.Max(0, (BusySeconds - earlier.BusySeconds - (OwnSeconds - earlier.OwnSeconds)) / Seconds(earlier));

    /// <summary>The processors that the host took away on average since an earlier moment.</summary>
    public double Stolen(MachineLoad earlier) => (StolenSeconds - earlier.StolenSeconds) / Seconds(earlier);

    /// <summary>Seconds since an earlier moment.</summary>
    public double Seconds(MachineLoad earlier) => Stopwatch.GetElapsedTime(earlier.Timestamp, Timestamp).TotalSeconds;

    /// <summary>Busy and stolen seconds of the first line of <c>/proc/stat</c>: <c>cpu user nice system idle iowait irq softirq steal ...</c>, in hundredths.</summary>
    public static (double Busy, double Stolen) Processors(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 9 || words[0] != "cpu") { return (double.NaN, double.NaN); }
        double Seconds(int word) => Number(words[word]) / TicksPerSecond;
        return (Seconds(1) + Seconds(2) + Seconds(3) + Seconds(6) + Seconds(7), Seconds(8));
    }

    private static double Number(string word) => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    private static string FirstLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
