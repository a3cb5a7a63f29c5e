using System.Text.Json;
using System.Text.RegularExpressions;
using Veche.Cli.Simulate.Report;
using Veche.Simulation;
using Veche.Simulation.Tracing;

namespace Veche.Cli.Tests;

public sealed partial class ReportPageTests
{
    private const string Evil = "</script><script>alert('1')</script><!-- <b>\"&{{style}}";

    [Fact]
    public void Nothing_in_a_run_can_become_a_part_of_the_page()
    {
        (SimulationResult result, TraceRecorder trace) = Run(3);
        result = result with { Violation = new Violation(Evil, Evil, result.TimeNs), Unrecoverable = Evil, Plan = result.Plan with { Scenario = Evil, Buggified = [Evil] } };
        string page = ReportPage.Create(result, trace, Evil);

        Assert.Equal(2, Count(page, "<script"));
        Assert.Equal(2, Count(page, "</script"));
        Assert.Equal(1, Count(page, "<title>"));
        Assert.DoesNotContain("alert('1')", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);

        // And yet all of it is there, as it was.
        JsonElement data = DataOf(page);
        Assert.Equal(Evil, data.GetProperty("command").GetString());
        Assert.Equal(Evil, data.GetProperty("violation").GetProperty("detail").GetString());
        Assert.Equal(Evil, data.GetProperty("unusual")[0].GetString());
    }

    [Fact]
    public void The_page_needs_nothing_from_anywhere()
    {
        (SimulationResult result, TraceRecorder trace) = Run(3);
        string page = ReportPage.Create(result, trace, "veche sim --seed 3");
        Assert.DoesNotMatch(Elsewhere(), page);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\{\{\w+\}\}", page);
    }

    [Fact]
    public void Rows_say_what_the_trace_says()
    {
        (SimulationResult result, TraceRecorder trace) = Run(3);
        JsonElement data = DataOf(ReportPage.Create(result, trace, "veche sim --seed 3"));
        IReadOnlyList<TraceEvent> events = trace.Events;
        JsonElement rows = data.GetProperty("events");
        List<string?> columns = [.. data.GetProperty("columns").EnumerateArray().Select(static column => column.GetString())];
        long Value(JsonElement row, string column) => columns.IndexOf(column) is int at && at < row.GetArrayLength() ? row[at].GetInt64() : 0;
        Assert.Equal(events.Count, rows.GetArrayLength());
        Assert.Equal("3", data.GetProperty("seed").GetString());
        long timeNs = 0;
        for (int i = 0; i < events.Count; i++)
        {
            (TraceEvent happened, JsonElement row) = (events[i], rows[i]);
            timeNs += Value(row, "time");
            Assert.Equal(happened.TimeNs, timeNs);
            Assert.Equal(happened.Kind.ToString(), data.GetProperty("names").GetProperty("kind")[(int)Value(row, "kind")].GetString());
            Assert.Equal((happened.Member, happened.Other, happened.Client), ((int)Value(row, "member") - 1, (int)Value(row, "other") - 1, (int)Value(row, "client") - 1));
            Assert.Equal((happened.Term, happened.Index, happened.Commit, happened.Applied), (Value(row, "term"), Value(row, "index"), Value(row, "commit"), Value(row, "applied")));
            Assert.Equal(happened.EndNs, Value(row, "end") == 0 ? -1 : timeNs + Value(row, "end") - 1);
            Assert.Equal(happened.CallNs, Value(row, "call") == 0 ? -1 : timeNs - Value(row, "call") + 1);
            Assert.Equal(happened.Text, TextOf(data, row));
        }
    }

    [Theory]
    [InlineData("append 5..6 after term 2", "append #..# after term #", 3)]
    [InlineData("put k003 = 7", "put k003 = #", 1)]
    [InlineData("# of 12", "# of #", 2)]
    [InlineData("0", "#", 1)]
    [InlineData("12345678901234567890", "12345678901234567890", 0)]
    [InlineData("", "", 0)]
    public void Texts_are_patterns_with_numbers(string text, string pattern, int values)
    {
        var table = new TextTable();
        List<long?> taken = [];
        Assert.Equal(0, table.Add(text, taken));
        Assert.Equal([pattern], table.Patterns);
        Assert.Equal(values, taken.Count);
        int next = 0;
        Assert.Equal(text, Regex.Replace(pattern, "#", _ => taken[next++] is { } number ? $"{number}" : "#"));
    }

    private static string TextOf(JsonElement data, JsonElement row)
    {
        int next = 0;
        return Regex.Replace(data.GetProperty("texts")[row[3].GetInt32()].GetString()!, "#", _ => row[4][next++].ToString());
    }

    private static (SimulationResult Result, TraceRecorder Trace) Run(ulong seed)
    {
        var trace = new TraceRecorder();
        return (Simulation.Simulation.Run(SimulationPlan.Draw(seed), trace), trace);
    }

    private static JsonElement DataOf(string page) => JsonDocument.Parse(Data().Match(page).Groups[1].Value).RootElement;

    private static int Count(string text, string part) => Regex.Count(text, Regex.Escape(part), RegexOptions.IgnoreCase);

    [GeneratedRegex("""<script type="application/json" id="run">(.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex Data();

    /// <summary>Whatever would make a browser ask somebody else.</summary>
    [GeneratedRegex("""https?:|@import|\bsrc=|\burl\(|\bfetch\(|XMLHttpRequest|\bimport\b|<link(?! rel="icon" href="data:,")""")]
    private static partial Regex Elsewhere();
}
