using Veche.Checking.Histories;
using Veche.Checking.Models;

namespace Veche.Checking.Tests.Transactions;

public sealed class ListAppendTests
{
    [Theory]
    [InlineData("0+ax1,ry 0=ax1,ry 1+ay1,rx 1=ay1,rx1")]
    [InlineData("0+ax1 1+ax2 0=ax1 1=ax2 2+rx 2=rx21")]
    [InlineData("0+ax1 0?ax1 1+rx 1=rx 1+rx 1=rx1")] // takes effect late
    [InlineData("0+ax1 0?ax1 1+rx 1=rx 1+rx 1=rx")] // or never
    [InlineData("0+rx,ax1,rx,ax2,rx 0=rx,ax1,rx1,ax2,rx12")]
    [InlineData("0+ax1 0!ax1 1+rx 1=rx")]
    [InlineData("0+ax1,rx 0?ax1,rx 1+rx 1=rx1")]
    [InlineData("0+ax1 1+rx 1=rx 2+ax2 2=ax2 1+rx 1=rx2 0=ax1")] // appended and never read, and concurrent with all
    public void Valid(string words) => Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Transactions(words), HistoryModel.ListAppend));

    [Theory]
    [InlineData("G1a", "0+ax1 0!ax1 1+rx 1=rx1")]
    [InlineData("G1b", "0+ax1,ax2 1+rx 1=rx1 0=ax1,ax2 2+rx 2=rx12")]
    [InlineData("internal", "0+ax1,rx 0=ax1,rx")]
    [InlineData("internal", "0+rx,rx 1+ax1 1=ax1 0=rx,rx1")]
    [InlineData("internal", "0+rx,ax1 0=rx1,ax1")] // sees its own future
    [InlineData("garbage-read", "0+rx 0=rx7")]
    [InlineData("duplicate-elements", "0+ax1 0=ax1 1+rx 1=rx11")]
    [InlineData("incompatible-order", "0+ax1 1+ax2 0=ax1 1=ax2 2+rx 2=rx12 2+rx 2=rx21")]
    [InlineData("G0", "0+ax1,ay1 1+ax2,ay2 0=ax1,ay1 1=ax2,ay2 2+rx,ry 2=rx12,ry21")]
    [InlineData("G1c", "0+ax1,ry 1+ay1,rx 0=ax1,ry1 1=ay1,rx1")]
    [InlineData("G-single", "0+ax1,ay1 1+rx,ry 0=ax1,ay1 1=rx,ry1")] // a read of one half
    [InlineData("G-single", "0+rx,ax1 1+rx,ax2 0=rx,ax1 1=rx,ax2 2+rx 2=rx12")] // a lost update
    [InlineData("G2-item", "0+rx,ay1 1+ry,ax1 0=rx,ay1 1=ry,ax1")] // write skew, never read
    [InlineData("G2-item", "0+rx,ay1 1+ry,ax1 0=rx,ay1 1=ry,ax1 2+rx,ry 2=rx1,ry1")]
    [InlineData("G-nonadjacent", "0+ax1 1+ay1 2+rx,ry 3+rx,ry 0=ax1 1=ay1 2=rx1,ry 3=rx,ry1")] // a long fork
    [InlineData("G0-realtime", "0+ax1 0=ax1 1+ax2 1=ax2 2+rx 2=rx21")]
    [InlineData("G1c-realtime", "1+rx 1=rx1 0+ax1 0=ax1")]
    [InlineData("G1c-realtime", "1+rx 1=rx1 0+ax1 0?ax1")] // seen before it was called, whatever came of it
    [InlineData("G-single-process", "0+ax1,ay1 0?ax1,ay1 1+rx 1=rx1 1+ry 1=ry")] // half of what nobody knew had happened
    [InlineData("G-single-realtime", "0+ax1 0=ax1 1+rx 1=rx 2+rx 2=rx1")] // stale
    [InlineData("G-single-realtime", "0+ax1 0=ax1 1+rx 1=rx")] // lost, and nobody ever saw it
    [InlineData("G-single-process", "0+ax1 0=ax1 0+rx 0=rx 2+rx 2=rx1")] // does not see what it wrote itself
    public void Invalid(string name, string words)
    {
        HistoryVerdict verdict = HistoryChecker.Check(Notation.Transactions(words), HistoryModel.ListAppend);
        Assert.Equal(Verdict.Invalid, verdict.Verdict);
        Assert.Contains(verdict.Violations, violation => violation.Rule == name);
        Assert.NotEmpty(verdict.CounterExample);
    }

    [Fact]
    public void A_cycle_says_why_each_step_must_come_before_the_next()
    {
        HistoryVerdict verdict = HistoryChecker.Check(Notation.Transactions("0+ax1,ay1 1+rx,ry 0=ax1,ay1 1=rx,ry1"), HistoryModel.ListAppend);
        Assert.Contains(verdict.CounterExample, static line => line.Contains("line 2", StringComparison.Ordinal) && line.EndsWith("(rw)", StringComparison.Ordinal));
        Assert.Contains(verdict.CounterExample, static line => line.Contains("line 1", StringComparison.Ordinal) && line.EndsWith("(wr)", StringComparison.Ordinal));
    }

    [Fact]
    public void An_element_appended_by_two_calls_is_unknown_and_hides_nothing_else()
    {
        Assert.Equal(Verdict.Unknown, Notation.Judge(Notation.Transactions("0+ax1 0?ax1 1+ax1 1=ax1 2+rx 2=rx1"), HistoryModel.ListAppend));
        Assert.Equal(Verdict.Invalid, Notation.Judge(Notation.Transactions("0+ax1 0?ax1 1+ax1 1=ax1 2+rx 2=rx1 3+ry 3=ry5"), HistoryModel.ListAppend));
    }

    [Fact]
    public void Single_reads_and_appends_are_transactions()
    {
        const string Lines = """
            {"process":0,"type":"invoke","f":"append","key":"x","value":1}
            {"process":0,"type":"ok","f":"append","key":"x","value":1}
            {"process":0,"type":"invoke","f":"read","key":"x","value":null}
            {"process":0,"type":"ok","f":"read","key":"x","value":[1]}
            """;
        Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Parse(Lines), HistoryModel.ListAppend));
        Assert.Equal(Verdict.Invalid, Notation.Judge(Notation.Parse(Lines.Replace("[1]", "null", StringComparison.Ordinal)), HistoryModel.ListAppend));
    }

    [Fact]
    public void Many_readers_and_many_appends_that_nobody_read_are_checked_through_nodes_in_between()
    {
        // Nine at once read nothing and append: each must come before every other. Some that only read are under way beside them.
        IEnumerable<string> called = Enumerable.Range(0, 9).Select(static i => $"{i}+rx,ax{100 + i}");
        IEnumerable<string> done = Enumerable.Range(0, 9).Select(static i => $"{i}=rx,ax{100 + i}");
        IEnumerable<string> beside = Enumerable.Repeat("9+rx 9=rx", 30);
        HistoryVerdict lost = HistoryChecker.Check(Notation.Transactions(string.Join(' ', [.. called, .. beside, .. done])), HistoryModel.ListAppend);
        Assert.Contains(lost.Violations, static violation => violation.Rule == "G2-item");

        // One that reads and appends must not stand in its own way, however many read beside it.
        string one = string.Join(' ', Enumerable.Range(1, 6).Select(static i => $"{i}+rx"));
        string oneDone = string.Join(' ', Enumerable.Range(1, 6).Select(static i => $"{i}=rx"));
        List<string> busy = ["0+rx,ax900 7+ax901 8+ax902 9+ax903 " + one];
        for (int round = 0; round < 20; round++)
        {
            busy.Add($"{oneDone} {one}");
        }

        busy.Add($"0=rx,ax900 7=ax901 8=ax902 9=ax903 {oneDone}");
        Assert.Equal(Verdict.Valid, Notation.Judge(Notation.Transactions(string.Join(' ', busy)), HistoryModel.ListAppend));
    }

    [Fact]
    public void It_agrees_with_trying_every_order_when_all_versions_were_read()
    {
        var random = new Random(99);
        int invalid = 0;
        for (int i = 0; i < 5_000; i++)
        {
            History history = RandomTransactions.Next(random, i % 4, endsWithReads: true);
            bool expected = SerialOrders.Exist(history);
            Assert.True(expected || i % 4 != 0, "valid by construction");
            Assert.Equal(expected ? Verdict.Valid : Verdict.Invalid, Notation.Judge(history, HistoryModel.ListAppend));
            invalid += expected ? 0 : 1;
        }

        Assert.InRange(invalid, 500, 4_000);
    }

    [Fact]
    public void What_it_calls_invalid_no_order_explains()
    {
        var random = new Random(100);
        int invalid = 0;
        for (int i = 0; i < 5_000; i++)
        {
            History history = RandomTransactions.Next(random, i % 4, endsWithReads: false);
            if (Notation.Judge(history, HistoryModel.ListAppend) == Verdict.Invalid)
            {
                Assert.False(SerialOrders.Exist(history), $"history {i}");
                invalid++;
            }
        }

        Assert.InRange(invalid, 300, 4_000);
    }
}
