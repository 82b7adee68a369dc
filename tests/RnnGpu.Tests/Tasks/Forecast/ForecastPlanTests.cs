using RnnGpu.Nn.Checkpoints;
using RnnGpu.Nn.Data;
using RnnGpu.Tasks.Forecast;
using RnnGpu.Tasks.Frame;
using Xunit;

namespace RnnGpu.Tests.Tasks.Forecast;

public sealed class ForecastPlanTests
{
    private const int Rows = 60;

    [Theory]
    [InlineData(0, "none", 1)]
    [InlineData(0, "log", 3)]
    [InlineData(1, "none", 3)]
    [InlineData(1, "sqrt", 2)]
    [InlineData(4, "none", 6)]
    [InlineData(12, "log", 3)]
    public void What_is_learned_becomes_the_truth_again(int difference, string transform, int horizon)
    {
        (ForecastPlan plan, SeriesTable table) = Fit(
            ForecastSettings.Difference.Is(difference), ForecastSettings.Transform.Is(transform), ForecastSettings.Horizon.Is(horizon));
        EncodedSeries series = plan.Encode(table);
        for (int row = plan.FirstRow; row + horizon <= Rows; row++)
        {
            // What is known when the forecast is made: nothing from the row on.
            double[] known = series.Values[0][..row];
            for (int h = 0; h < horizon; h++)
            {
                double learned = plan.Learned(series, 0, row, h);
                Assert.Equal(table.Find("y")!.Values![row + h], plan.Forecast(learned, known, 0, row, h), 1e-9);
            }
        }
    }

    [Fact]
    public void Everything_is_fitted_on_training_rows_only()
    {
        SeriesTable table = Table(), other = table with { Columns = [.. table.Columns.Select(Spoiled)] };
        Assert.Equal(Fit(table).ToJson().ToJsonString(), Fit(other).ToJson().ToJsonString());

        ForecastPlan Fit(SeriesTable series) => ForecastPlan.Fit((SeriesData)new SeriesData(series, [.. Enumerable.Range(0, Rows)]).Subset([.. Enumerable.Range(0, 40)]), Of());
        static SeriesColumn Spoiled(SeriesColumn column) => column.Values is null
            ? column with { Words = [.. column.Words!.Select(static (word, i) => i < 40 ? word : "new")] }
            : column with { Values = [.. column.Values.Select(static (value, i) => i < 40 ? value : 1e6)] };
    }

    [Fact]
    public void Inputs_are_numbers_cycles_words_and_marks()
    {
        (ForecastPlan plan, SeriesTable table) = Fit(ForecastSettings.Inputs.Is("gap,wind,hour/24"), ForecastSettings.Difference.Is(0));
        Assert.Equal(1 + 2 + 2 + 2, plan.Features);
        EncodedSeries series = plan.Encode(table);
        float[] row = series.Features[(7 * plan.Features)..(8 * plan.Features)];
        Assert.Equal(1f, row[2]);
        Assert.Equal(series.Features[(6 * plan.Features) + 1], row[1]);
        Assert.Equal([0f, 1f], row[3..5]);
        Assert.Equal(MathF.Sin(2 * MathF.PI * 7 / 24), row[5], 1e-5f);
        Assert.Equal(MathF.Cos(2 * MathF.PI * 7 / 24), row[6], 1e-5f);

        ForecastPlan again = ForecastPlan.Read(Of(ForecastSettings.Difference.Is(0)), CheckpointSection.Of(plan.ToJson(), "test"));
        Assert.Equal(series.Features, again.Encode(table).Features);
    }

    [Fact]
    public void Dates_are_read_as_their_place_in_the_calendar()
    {
        string[] dates = [.. Enumerable.Range(0, Rows).Select(static i => new DateTime(2014, 12, 1).AddHours(12 * i).ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture))];
        SeriesTable table = Table() with { Columns = [Table().Find("y")!, new SeriesColumn("Date", null, dates)] };
        ForecastPlan plan = ForecastPlan.Fit(
            new SeriesData(table, [.. Enumerable.Range(0, Rows)]), Of(ForecastSettings.Inputs.Is("Date/year,Date/week,Date/day"), ForecastSettings.Difference.Is(0)));
        float[] row = plan.Encode(table).Features[(3 * plan.Features)..(4 * plan.Features)];
        (double Sin, double Cos) year = Math.SinCos(2 * Math.PI * 335.5 / 365.25), week = Math.SinCos(2 * Math.PI * 2.5 / 7), day = Math.SinCos(Math.PI);
        double[] expected = [year.Sin, year.Cos, week.Sin, week.Cos, day.Sin, day.Cos];
        for (int i = 0; i < 6; i++) { Assert.Equal(expected[i], row[i + 1], 1e-5); }

        dates[9] = "yesterday";
        Assert.StartsWith("t:10: 'yesterday' in column 'Date' is not a date", Assert.Throws<DataException>(() => plan.Encode(table)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("z", "", "t: there is no column 'z'; there are y, gap, wind, hour")]
    [InlineData("wind", "", "t: column 'wind' holds words and cannot be forecast")]
    [InlineData("", "", "t: there are 3 columns of numbers (y, gap, hour): say with --target which to forecast")]
    [InlineData("y", "hour/x", "--inputs: 'hour/x' is no cycle")]
    [InlineData("y", "wind/3", "t: column 'wind' holds words, no cycle")]
    public void Wrong_columns_are_told(string target, string inputs, string message)
    {
        DataException error = Assert.Throws<DataException>(() => ForecastPlan.Fit(
            new SeriesData(Table(), [.. Enumerable.Range(0, Rows)]), Of(ForecastSettings.Target.Is(target), ForecastSettings.Inputs.Is(inputs))));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_that_a_transform_does_not_take_name_their_line()
    {
        SeriesTable table = new("t", [new SeriesColumn("y", [.. Enumerable.Range(0, 30).Select(static i => i == 17 ? -2.0 : i)], null)], [.. Enumerable.Range(1, 30).Select(static i => $"t:{i}")]);
        DataException error = Assert.Throws<DataException>(() => ForecastPlan.Fit(
            new SeriesData(table, [.. Enumerable.Range(0, 30)]), Of(ForecastSettings.Transform.Is("sqrt"))));
        Assert.StartsWith("t:18: --transform sqrt does not take -2 in column 'y'", error.Message, StringComparison.Ordinal);
    }

    private static (ForecastPlan Plan, SeriesTable Table) Fit(params SettingValue[] values)
    {
        SeriesTable table = Table();
        return (ForecastPlan.Fit(new SeriesData(table, [.. Enumerable.Range(0, Rows)]), Of(values)), table);
    }

    private static Settings Of(params SettingValue[] values) => new ForecastTask().DefaultSettings().With(ForecastSettings.Target.Is("y")).With(values);

    private static SeriesTable Table() => new(
        "t",
        [
            new SeriesColumn("y", [.. Enumerable.Range(0, Rows).Select(static i => 5 + (4 * Math.Sin(0.7 * i)) + (0.1 * i))], null),
            new SeriesColumn("gap", [.. Enumerable.Range(0, Rows).Select(static i => i % 10 == 7 ? double.NaN : i * i % 13)], null),
            new SeriesColumn("wind", null, [.. Enumerable.Range(0, Rows).Select(static i => i % 2 == 0 ? "NE" : "SW")]),
            new SeriesColumn("hour", [.. Enumerable.Range(0, Rows).Select(static i => (double)(i % 24))], null),
        ],
        [.. Enumerable.Range(1, Rows).Select(static i => $"t:{i}")]);
}
