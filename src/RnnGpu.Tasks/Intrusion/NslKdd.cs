using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Classification;

namespace RnnGpu.Tasks.Intrusion;

/// <summary>
/// The form of KDD Cup 1999 and NSL-KDD (Tavallaee et al. 2009): no header, 41 features, three of them words; then the attack's name; then a difficulty that
/// is no feature. Attacks fall in four families besides <c>normal</c>.
/// </summary>
public static class NslKdd
{
    private const int Features = 41;
    private static readonly int[] Words = [1, 2, 3];

    /// <summary>Families of the attacks of both parts, the training set's and those that only the test set has.</summary>
    private static readonly Dictionary<string, string> Families = FamiliesOf(
        ("normal", "normal"),
        ("dos", "back land neptune pod smurf teardrop apache2 udpstorm processtable worm mailbomb"),
        ("probe", "satan ipsweep nmap portsweep mscan saint"),
        ("r2l", "guess_passwd ftp_write imap phf multihop warezmaster warezclient spy xlock xsnoop snmpguess snmpgetattack httptunnel sendmail named"),
        ("u2r", "buffer_overflow loadmodule rootkit perl sqlattack xterm ps"));

    /// <summary>The flows.</summary>
    /// <param name="lines">Of one or more files.</param>
    /// <param name="families">Whether classes are families; else attacks.</param>
    /// <param name="classWanted">Whether every flow must have a class; else 41 fields do.</param>
    /// <exception cref="DataException">Malformed; the message names file, line and column.</exception>
    public static IEnumerable<ClassSample<Flow>> Read(IEnumerable<TextLine> lines, bool families, bool classWanted)
    {
        foreach (TextLine line in lines)
        {
            TextField[] fields = line.Split(',');
            if (fields.Length is not (Features + 1 or Features + 2) && (classWanted || fields.Length != Features))
            {
                throw line.Error($"{fields.Length} fields where {Features + 2} belong ({Features} features, the attack's name and a difficulty)");
            }

            string[] symbols = [.. Words.Select(i => fields[i].Text.Length > 0 ? fields[i].Text : throw fields[i].Error("a word is missing"))];
            double[] numbers = [.. Enumerable.Range(0, Features).Except(Words).Select(i => fields[i].Number())];
            yield return new ClassSample<Flow>(classWanted ? Class(fields[Features], families) : "", new Flow(numbers, symbols));
        }
    }

    private static string Class(TextField attack, bool families)
    {
        if (attack.Text.Length == 0) { throw attack.Error("the attack's name is missing"); }
        if (!families) { return attack.Text; }
        return Families.TryGetValue(attack.Text, out string? family)
            ? family
            : throw attack.Error($"no family is known for the attack '{attack.Text}'; classes can be the attacks themselves, with --classes attacks");
    }

    private static Dictionary<string, string> FamiliesOf(params (string Family, string Attacks)[] families) => families
        .SelectMany(entry => entry.Attacks.Split(' ').Select(attack => (attack, entry.Family)))
        .ToDictionary(entry => entry.attack, entry => entry.Family, StringComparer.Ordinal);
}
