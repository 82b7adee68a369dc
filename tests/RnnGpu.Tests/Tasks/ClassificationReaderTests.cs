using System.IO.Compression;
using System.Text;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks;
using RnnGpu.Tasks.Classification;
using RnnGpu.Tasks.ClassifySeries;
using RnnGpu.Tasks.Dna;
using RnnGpu.Tasks.Frame;
using RnnGpu.Tasks.Intrusion;
using RnnGpu.Tasks.Sentiment;
using Xunit;

namespace RnnGpu.Tests.Tasks;

public sealed class ClassificationReaderTests : IDisposable
{
    private const string TsHeader = "#remark\n@problemName x\n@dimensions 2\n@classLabel true a b\n@data\n";
    private const string CsvHeader = "seq_id,group,label,t,x,y\n";

    private static readonly string KddLine = "0,tcp,http,SF," + string.Join(',', Enumerable.Repeat("1", 37));

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Words_are_lower_case_and_marks_of_verdict_count()
    {
        Assert.Equal(
            ["it's", "not", "bad", ",", "10", "of", "10", "!", "ünïcode", "next"],
            Words.Of("It's NOT bad, 10<br />of 10! (ünïcode)\u0085next"));
        Assert.Empty(Words.Of(" ;: "));
    }

    [Fact]
    public void Reviews_are_read_and_packed_files_unpacked()
    {
        string text = "1\tgood\tfilm\n0\tbad \u0085 film\n", path = Path.Combine(_directory.Path, "reviews.tsv.gz");
        using (var packed = new GZipStream(File.Create(path), CompressionMode.Compress)) { packed.Write(Encoding.UTF8.GetBytes(text)); }
        var data = (ClassData<string[]>)new SentimentTask().Read([TextSource.File(path)], new SentimentTask().DefaultSettings());
        Assert.Equal(["1", "0"], data.Samples.Select(sample => sample.Label));
        Assert.Equal(["good", "film"], data.Samples[0].Input);
        Assert.Equal(["bad", "film"], data.Samples[1].Input);
        Assert.Equal("2 texts, 4 words, 2 classes: 0 1, 1 1", data.Summary);
        File.WriteAllText(path, "no packed file");
        Assert.Contains("cannot be read", Message(() => new SentimentTask().Read([TextSource.File(path)], new SentimentTask().DefaultSettings())), StringComparison.Ordinal);
    }

    [Fact]
    public void Archive_series_are_read_step_by_step()
    {
        var data = (ClassData<Series>)Read("classify-series", TsHeader + "1,2,3:4,5,6:a\n7:8:b\n");
        Assert.Equal([1, 4, 2, 5, 3, 6], data.Samples[0].Input.Values);
        Assert.Equal("b", data.Samples[1].Label);
        Assert.Equal(1, data.Samples[1].Input.Steps);
    }

    [Fact]
    public void Changes_stand_beside_the_measurements()
    {
        var task = new SeriesTask();
        Settings settings = task.DefaultSettings().With(SeriesTask.Changes.Is(true));
        var data = (ClassData<Series>)task.Read([TextSource.String("f", TsHeader + "1,2,4:9,7,5:a\n")], settings);
        Assert.Equal(4, data.Samples[0].Input.Features);
        Assert.Equal([1, 9, 0, 0, 2, 7, 1, -2, 4, 5, 2, -2], data.Samples[0].Input.Values);
    }

    [Fact]
    public void Tables_of_series_are_read()
    {
        var data = (ClassData<Series>)Read("classify-series", CsvHeader + "s1,1,up,0,1,2\ns1,1,up,1,3,4\ns2,1,down,0,5,6\n");
        Assert.Equal(2, data.Count);
        Assert.Equal([1, 2, 3, 4], data.Samples[0].Input.Values);
        Assert.Equal("down", data.Samples[1].Label);
    }

    [Fact]
    public void The_difficulty_of_nsl_kdd_is_no_feature()
    {
        var data = (ClassData<Flow>)Read("intrusion", $"{KddLine},neptune,20\n{KddLine},normal,0\n", "nsl-kdd");
        Assert.Equal(["dos", "normal"], data.Samples.Select(sample => sample.Label));
        Assert.Equal(38, data.Samples[0].Input.Numbers.Length);
        Assert.Equal(["tcp", "http", "SF"], data.Samples[0].Input.Symbols);
    }

    [Fact]
    public void Words_of_letters_overlap_and_unknown_letters_spoil_theirs()
    {
        var words = new int[5];
        Letters.Write("ACGNACG", 3, words);
        Assert.Equal([(0 * 16) + (1 * 4) + 2, 64, 64, 64, 6], words);
        Assert.Equal(1, Letters.Count(2, 3));
        Letters.Write("AC", 3, words);
        Assert.Equal(64, words[0]);
    }

    [Fact]
    public void Batches_come_in_few_sizes()
    {
        Assert.Equal([16, 16, 32, 256, 288, 512, 1024], new[] { 0, 1, 17, 256, 257, 500, 961 }.Select(ClassBatch.Padded));
        Assert.True(Enumerable.Range(1, 20_000).Select(ClassBatch.Padded).Distinct().Count() < 80);
        Assert.All(Enumerable.Range(1, 20_000), static longest => Assert.InRange(ClassBatch.Padded(longest), longest, longest + Math.Max(15, longest / 8)));
    }

    [Fact]
    public void Nearly_equal_genes_stay_together()
    {
        var random = new RnnGpu.Core.PhiloxStream(new RnnGpu.Core.RandomKey(1, 0, 0));
        string[] genes = [.. Enumerable.Range(0, 8).Select(_ => new string([.. Enumerable.Range(0, 600).Select(_ => "ACGT"[random.NextInt(4)])]))];
        string[] all = [.. genes, .. genes.Select(gene => gene[..300] + (gene[300] == 'A' ? 'C' : 'A') + gene[301..]), .. genes.Select(gene => gene[40..560])];
        Assert.Equal(Enumerable.Range(0, 24).Select(i => i % 8), Families.Of(all));
        var data = (ClassData<string>)Read("dna", "sequence\tclass\n" + string.Concat(all.Select((gene, i) => $"{gene}\t{i % 2}\n")));
        IReadOnlyList<int[]> folds = new DnaTask().Folds(data, 4, seed: 5);
        Assert.Equal(Enumerable.Range(0, 24), folds.SelectMany(fold => fold).Order());
        Assert.All(folds, fold => Assert.Equal(2, fold.Select(i => i % 8).Distinct().Count()));
    }

    [Theory]
    [InlineData("sentiment", "1 good film\n", "f:1: no TAB between class and text")]
    [InlineData("sentiment", "1\tgood\n\tfilm\n", "f:2:1: the class is missing")]
    [InlineData("sentiment", "", "f: there are no texts")]
    [InlineData("classify-series", "1\n", "there is no column 'seq_id'")]
    [InlineData("classify-series", TsHeader + "1,2:3,x:a\n", "f:6:7: 'x' is not a number")]
    [InlineData("classify-series", TsHeader + "1,2:3,NA:a\n", "f:6:7: 'NA' is not a number")]
    [InlineData("classify-series", TsHeader + "1,2:3,:a\n", "f:6:7: a number is missing")]
    [InlineData("classify-series", TsHeader + "1,2:3:a\n", "f:6:5: dimension 2 has 1 values where the first has 2")]
    [InlineData("classify-series", TsHeader + "1,2:a\n", "f:6: 2 parts between ':' where 3 belong")]
    [InlineData("classify-series", TsHeader + "1:2:\n", "f:6:5: the class is missing")]
    [InlineData("classify-series", "@data\n1:2:a\n", "no '@classLabel true'")]
    [InlineData("classify-series", "@classLabel true\n1:2:a\n", "f:2:1: a header line starts with '@'")]
    [InlineData("classify-series", CsvHeader + "s1,1,up,0,1\n", "f:2: 5 fields where 6 belong")]
    [InlineData("classify-series", CsvHeader + "s1,1,up,0,1,NA\n", "f:2:13: 'NA' is not a number")]
    [InlineData("classify-series", CsvHeader + "s1,1,up,0,1,2\ns1,1,down,1,1,2\n", "f:3:6: class 'down' in series 's1'")]
    [InlineData("classify-series", CsvHeader + "s1,1,up,0,1,2\ns2,1,up,0,1,2\ns1,1,up,1,1,2\n", "f:4:1: series 's1' goes on after another")]
    [InlineData("intrusion", "a,b,class\n1,2,x\n1,x\n", "f:3: 2 fields where 3 belong")]
    [InlineData("intrusion", "a,b,class\n1,,x\n", "f:2:3: a number is missing")]
    [InlineData("intrusion", "a,b,class\n1,2,\n", "f:2:5: the class is missing")]
    [InlineData("intrusion", "a,b,class\n1,inf,x\n", "f:2:3: 'inf' is not a number")]
    [InlineData("intrusion", "a,b,class\n", "f: there are no flows")]
    [InlineData("dna", "class\tid\n", "a header with the columns 'sequence' and 'class'")]
    [InlineData("dna", "class\tsequence\nEI\tACXGT\n", "f:2:6: 'X' is no nucleotide")]
    [InlineData("dna", "class\tsequence\nEI\t\n", "f:2:4: the sequence is missing")]
    [InlineData("dna", "class\tsequence\nEI\tAC\tGT\n", "f:2: 3 fields where 2 belong")]
    public void Malformed_rows_are_named(string task, string text, string message) => Assert.Contains(message, Message(() => Read(task, text)), StringComparison.Ordinal);

    [Fact]
    public void Malformed_rows_of_nsl_kdd_are_named()
    {
        Assert.Contains("f:1: 40 fields where 43 belong", Message(() => Read("intrusion", KddLine[..^2] + "\n", "nsl-kdd")), StringComparison.Ordinal);
        Assert.Contains("no family is known for the attack 'new'", Message(() => Read("intrusion", $"{KddLine},new,3\n", "nsl-kdd")), StringComparison.Ordinal);
        Assert.Contains("f:1:1: 'x' is not a number", Message(() => Read("intrusion", $"x{KddLine[1..]},normal,3\n", "nsl-kdd")), StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_named()
    {
        var source = new TextSource("f", () => new MemoryStream([.. "1\tgood\n0\tb"u8, 0xC3, 0x28, (byte)'\n']));
        Assert.Contains("f:2:4: not UTF-8", Message(() => new SentimentTask().Read([source], new SentimentTask().DefaultSettings())), StringComparison.Ordinal);
    }

    private static TaskData Read(string name, string text, string format = "csv")
    {
        LearningTask task = TaskList.All.Single(task => task.Name == name);
        Settings settings = task.DefaultSettings();
        if (name == "intrusion") { settings = settings.With(IntrusionTask.Format.Is(format)); }
        return task.Read([TextSource.String("f", text)], settings);
    }

    private static string Message(Action read) => Assert.Throws<DataException>(read).Message;
}
