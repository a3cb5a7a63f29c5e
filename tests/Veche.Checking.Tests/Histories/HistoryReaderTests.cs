using Veche.Checking.Histories;

namespace Veche.Checking.Tests.Histories;

public sealed class HistoryReaderTests
{
    private const string Call = """{"process":0,"type":"invoke","f":"write","value":1}""";

    [Theory]
    [InlineData("""{"process":0,"type":"invoke","f":"write","value":1""", "not one JSON object")]
    [InlineData("""[1]""", "not a JSON object")]
    [InlineData("""{"process":1,"type":"invoke","f":"write","value":1} {}""", "not one JSON object")]
    [InlineData("""{"process":1,"type":"start","f":"write","value":1}""", "unknown \"type\"")]
    [InlineData("""{"process":1,"f":"write","value":1}""", "no \"type\"")]
    [InlineData("""{"process":1,"type":"invoke","f":"swap","value":1}""", "unknown \"f\"")]
    [InlineData("""{"process":1,"type":"invoke","value":1}""", "no \"f\"")]
    [InlineData("""{"type":"invoke","f":"write","value":1}""", "no \"process\"")]
    [InlineData("""{"process":[],"type":"invoke","f":"write","value":1}""", "\"process\"")]
    [InlineData("""{"process":1,"type":"invoke","f":"write"}""", "no \"value\"")]
    [InlineData("""{"process":1,"type":"invoke","f":"write","value":{}}""", "\"value\"")]
    [InlineData("""{"process":1,"type":"invoke","f":"write","key":[],"value":1}""", "\"key\"")]
    [InlineData("""{"process":1,"type":"invoke","f":"cas","value":[1]}""", "[old, new]")]
    [InlineData("""{"process":1,"type":"invoke","f":"cas","value":[1,2,3]}""", "[old, new]")]
    [InlineData("""{"process":1,"type":"invoke","f":"txn","value":[["cut","x",1]]}""", "a txn whose")]
    [InlineData("""{"process":1,"type":"invoke","f":"write","value":1,"time":1.5}""", "\"time\"")]
    [InlineData("""{"process":1,"type":"ok","f":"write","value":1}""", "which has called none")]
    [InlineData("""{"process":0,"type":"invoke","f":"write","value":2}""", "operation of line 1 has not completed")]
    [InlineData("""{"process":0,"type":"ok","f":"read","value":2}""", "another \"f\" than the call in line 1")]
    [InlineData("""{"process":0,"type":"ok","f":"write","key":1,"value":1}""", "another \"key\"")]
    public void A_bad_line_is_named(string line, string problem)
    {
        HistoryFormatException error = Assert.Throws<HistoryFormatException>(() => Notation.Parse(Call + "\n\n" + line));
        Assert.Equal(3, error.Line);
        Assert.StartsWith("line 3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named()
    {
        byte[] bytes = [.. """{"process":1,"type":"invoke","f":"write","value":"""u8, (byte)'"', 0xff, (byte)'"', (byte)'}'];
        Assert.Equal(1, Assert.Throws<HistoryFormatException>(() => HistoryReader.Read(new MemoryStream(bytes))).Line);
    }

    [Fact]
    public void Limits_hold()
    {
        Assert.Equal(2, Assert.Throws<HistoryFormatException>(() => Notation.Parse(Call + "\n" + Call.Replace("0", "1", StringComparison.Ordinal), new HistoryLimits { MaxOperations = 1 })).Line);
        Assert.Equal(2, Assert.Throws<HistoryFormatException>(() => Notation.Parse(Call + "\n" + new string(' ', 200), new HistoryLimits { MaxLineBytes = 128 })).Line);
    }

    [Fact]
    public void A_completion_before_its_call_is_named() =>
        Assert.Equal(2, Assert.Throws<HistoryFormatException>(() => Notation.Parse("""
            {"process":0,"type":"invoke","f":"write","value":1,"time":10}
            {"process":0,"type":"ok","f":"write","value":1,"time":9}
            """)).Line);

    [Fact]
    public void What_does_not_matter_is_passed_over()
    {
        History history = Notation.Parse("\uFEFF" + """
            {"index":0,"process":"nemesis","type":"info","f":"kill","value":{"n1":[]}}

            {"process":"a","type":"invoke","f":"put","key":"k","value":"v","node":"n1"}
            {"type":"info","f":"start-partition","process":"nemesis"}
            {"process":"a","type":"info","f":"put","key":"k","value":"timed out","error":["x"]}
            {"process":"a","type":"invoke","f":"get","key":"k","value":null}
            {"process":"a","type":"fail"}
            """.ReplaceLineEndings("\r\n"));
        Assert.Equal([Outcome.Info, Outcome.Fail], history.Operations.Select(static operation => operation.Outcome));
        Assert.Equal("\"v\"", history.Symbols.Show(history.Operations[0].Value));
        Assert.Equal(Operation.NotReturned, history.Operations[0].Return);
        Assert.Equal((3, 5), (history.Operations[0].CallLine, history.Operations[0].ReturnLine));
    }

    [Fact]
    public void Time_orders_lines_and_calls_come_before_returns_of_the_same_time()
    {
        History history = Notation.Parse("""
            {"process":0,"type":"invoke","f":"write","value":1,"time":10}
            {"process":0,"type":"ok","f":"write","value":1,"time":20}
            {"process":1,"type":"invoke","f":"write","value":2,"time":20}
            {"process":1,"type":"ok","f":"write","value":2,"time":30}
            {"process":2,"type":"invoke","f":"write","value":3,"time":5}
            """);
        Assert.Equal([(0, -1), (1, 3), (2, 4)], history.Operations.Select(static operation => ((int)operation.Call, operation.Return == Operation.NotReturned ? -1 : (int)operation.Return)));
    }

    [Fact]
    public void One_line_without_a_time_leaves_the_order_of_lines()
    {
        History history = Notation.Parse("""
            {"process":0,"type":"invoke","f":"write","value":1,"time":10}
            {"process":0,"type":"ok","f":"write","value":1,"time":20}
            {"process":1,"type":"invoke","f":"write","value":2,"time":5}
            {"process":2,"type":"invoke","f":"write","value":3}
            """);
        Assert.Equal([0L, 2, 3], history.Operations.Select(static operation => operation.Call));
    }

    [Fact]
    public void One_time_for_all_leaves_the_order_of_lines()
    {
        History history = Notation.Parse("""
            {"process":0,"type":"invoke","f":"write","value":1,"time":0}
            {"process":0,"type":"ok","f":"write","value":1,"time":0}
            {"process":1,"type":"invoke","f":"write","value":2,"time":0}
            """);
        Assert.Equal([0L, 2], history.Operations.Select(static operation => operation.Call));
    }

    [Fact]
    public void Scalars_are_equal_as_JSON_has_them()
    {
        var symbols = new Symbols();
        int one = symbols.OfJson("1"u8);
        Assert.Equal(one, symbols.OfJson("1.0"u8));
        Assert.Equal(one, symbols.OfJson("10e-1"u8));
        Assert.Equal(symbols.OfJson("0.5"u8), symbols.OfJson("5e-1"u8));
        Assert.Equal(symbols.OfJson("-7"u8), symbols.Of(-7));
        Assert.Equal(symbols.OfJson("\"a\""u8), symbols.OfJson("\"\\u0061\""u8));
        int[] different = [one, symbols.OfJson("\"1\""u8), symbols.OfJson("true"u8), symbols.OfJson("null"u8), symbols.OfJson("-1"u8), symbols.OfJson("1.5"u8), symbols.OfJson("99999999999999999998"u8), symbols.OfJson("99999999999999999999"u8), symbols.OfJson("1e-300"u8), symbols.OfJson("\"\""u8), symbols.OfJson("0"u8)];
        Assert.Equal(different.Length, different.Distinct().Count());
        Assert.Throws<FormatException>(() => symbols.OfJson("[1]"u8));
        Assert.Throws<FormatException>(() => symbols.OfJson("1 2"u8));
    }
}
