using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Forecast;
using Xunit;

namespace RnnGpu.Tests.Tasks.Forecast;

public sealed class SeriesReaderTests
{
    [Fact]
    public void Columns_are_numbers_or_words()
    {
        SeriesTable table = Read("\"Month\",\"Value\",\"a \"\"b\"\"\"\n\"1749-01\",58.0,x\r\n\"1749-02\",NA,\"y,z\"\n");
        Assert.Equal(["Month", "Value", "a \"b\""], table.Columns.Select(static column => column.Name));
        Assert.Equal(["1749-01", "1749-02"], table.Columns[0].Words!);
        Assert.Equal([58.0, double.NaN], table.Columns[1].Values!);
        Assert.Equal(["x", "y,z"], table.Columns[2].Words!);
        Assert.Equal("1749-02", table.Label(1));
    }

    [Theory]
    [InlineData("1;2\n3;4\n")]
    [InlineData("1\t2\n3\t4\n")]
    [InlineData("1,2\n\n3,4")]
    public void A_header_is_not_needed(string text)
    {
        SeriesTable table = Read(text);
        Assert.Equal(["c1", "c2"], table.Columns.Select(static column => column.Name));
        Assert.Equal([2.0, 4.0], table.Columns[1].Values!);
        Assert.Equal("row 2", table.Label(1));
    }

    [Fact]
    public void Files_follow_one_another()
    {
        SeriesTable table = SeriesReader.Read([TextSource.String("a", "t,y\nx,1\n"), TextSource.String("b", "t,y\nz,2\n")], allowMissing: false);
        Assert.Equal([1.0, 2.0], table.Columns[1].Values!);
        Assert.Equal(["a:2", "b:2"], table.Places);
    }

    [Theory]
    [InlineData("t,y\na,1\nb\n", "f:3: 1 fields where 2 belong (t, y)")]
    [InlineData("t,y\na,1\nb,2,3\n", "f:3: 3 fields where 2 belong")]
    [InlineData("t,y\na,1\nb,x\n", "f:3:3: 'x' is not a number")]
    [InlineData("t,y\na,1\nb,\n", "f:3:3: a number is missing in column 'y'")]
    [InlineData("t,y\na,1\nb,NA\n", "f:3:3: a number is missing ('NA') in column 'y'; --missing fill")]
    [InlineData("t,y\na,1\n\"b,2\n", "f:3:1: a quote that does not end in this line")]
    [InlineData("t,y\na,1\n\"b\"c,2\n", "f:3:4: characters after a closing quote")]
    [InlineData("y,y\n1,2\n", "f:1:3: two columns are named 'y'")]
    [InlineData("t,y\n", "f: there are no rows of data")]
    [InlineData("", "f: there are no rows of data")]
    public void Malformed_rows_name_the_place(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<DataException>(() => SeriesReader.Read([TextSource.String("f", text)], allowMissing: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_not_UTF8_names_the_place()
    {
        var source = new TextSource("f", static () => new MemoryStream([(byte)'1', (byte)'\n', (byte)'2', 0xFF, (byte)'\n']));
        Assert.StartsWith("f:2:2: not UTF-8", Assert.Throws<DataException>(() => SeriesReader.Read([source], allowMissing: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_file_with_other_columns_is_refused()
    {
        DataException error = Assert.Throws<DataException>(
            static () => SeriesReader.Read([TextSource.String("a", "t,y\nx,1\n"), TextSource.String("b", "t,z\nz,2\n")], allowMissing: false));
        Assert.StartsWith("b:1:3: this column is 'z' where the file before has 'y'", error.Message, StringComparison.Ordinal);
    }

    private static SeriesTable Read(string text) => SeriesReader.Read([TextSource.String("f", text)], allowMissing: true);
}
