using Veche.Checking.Histories;
using Veche.Checking.Linearizability;
using Veche.Checking.Models;

namespace Veche.Checking.Tests.Linearizability;

public sealed class ShrinkTests
{
    [Fact]
    public void A_stale_read_in_a_underWayhistory_is_shown_by_three_operations()
    {
        string before = string.Join(' ', Enumerable.Range(0, 50).Select(static i => $"0+w{i % 5} 0= 1+r 1={i % 5}"));
        HistoryVerdict verdict = HistoryChecker.Check(Notation.Registers($"{before} 0+w7 0= 0+w8 0= 1+r 1=7 {before}"), HistoryModel.Register);
        Assert.Equal(Verdict.Invalid, verdict.Verdict);
        Assert.StartsWith("3 of the", verdict.CounterExample[0], StringComparison.Ordinal);
        Assert.Equal(["write 7", "write 8", "read 7"], verdict.CounterExample.Skip(1).Take(3).Select(static line => line[(line.IndexOf(',', StringComparison.Ordinal) + 2)..]));
        Assert.Contains(verdict.CounterExample, static line => line.StartsWith("No order has a place", StringComparison.Ordinal) && line.Contains("read 7", StringComparison.Ordinal));
    }

    [Fact]
    public void The_writer_of_what_was_read_stays()
    {
        // Without the write of 1 the read would look like garbage, and the example would prove something else.
        HistoryVerdict verdict = HistoryChecker.Check(Notation.Registers("0+w1 0= 0+w2 0= 1+r 1=2 1+r 1=1"), HistoryModel.Register);
        Assert.Contains(verdict.CounterExample, static line => line.EndsWith("write 1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_write_that_is_still_under_way_at_the_end_of_the_example_stays()
    {
        HistoryVerdict verdict = HistoryChecker.Check(Notation.Registers("0+w1 1+r 1=1 2+w3 2= 1+r 1=_ 0="), HistoryModel.Register);
        Assert.Contains(verdict.CounterExample, static line => line.Contains("read null", StringComparison.Ordinal));
        HistoryVerdict underWay = HistoryChecker.Check(Notation.Registers("0+w1 1+r 1=1 2+r 2=_ 0="), HistoryModel.Register);
        Assert.Contains(underWay.CounterExample, static line => line.EndsWith("write 1, still under way at the end of this part", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Leaving_out_what_nobody_saw_breaks_no_history(bool isText)
    {
        var random = new Random(5);
        int dropped = 0;
        for (int i = 0; i < 3_000; i++)
        {
            History history = RandomHistories.Next(random, isText, random.Next(2, 8), isMutated: false);
            List<Operation> kept = [.. history.Operations.Where(operation => operation.Outcome != Outcome.Fail && (operation.Kind != OperationKind.Read || (operation.Outcome == Outcome.Ok && random.Next(2) == 0)))];
            KeyModel model = isText ? new TextModel(history.Symbols, Symbols.Null) : new RegisterModel(Symbols.Null);
            bool[] unobserved = model.FindUnobserved(kept);
            dropped += unobserved.Count(static isUnobserved => isUnobserved);
            Assert.True(BruteForce.IsLinearizable(history.Symbols, [.. kept.Where((_, at) => !unobserved[at])], isText));
        }

        Assert.True(dropped > 1_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_shown_is_broken_itself_and_no_larger(bool isText)
    {
        var random = new Random(11);
        int shrunk = 0;
        for (int i = 0; i < 400; i++)
        {
            History history = RandomHistories.Next(random, isText, 7, isMutated: true);
            List<Operation> operations = [.. history.Operations.Where(static operation => operation.Outcome == Outcome.Ok || (operation.Outcome == Outcome.Info && operation.Kind != OperationKind.Read))];
            KeyModel model = isText ? new TextModel(history.Symbols, Symbols.Null) : new RegisterModel(Symbols.Null);
            LinearizabilityResult result = model.Check(operations, CheckLimits.Default);
            if (result.Verdict == Verdict.Invalid)
            {
                (List<Operation> kept, LinearizabilityResult shown) = new Shrinker(model).Shrink(operations, result);
                Assert.False(BruteForce.IsLinearizable(history.Symbols, kept, isText));
                Assert.Equal(Verdict.Invalid, shown.Verdict);
                Assert.InRange(kept.Count, 1, operations.Count);

                // A value that somebody wrote is not made to look as if it came from nowhere.
                foreach (Operation read in isText ? [] : kept.Where(static operation => operation.Kind == OperationKind.Read))
                {
                    Assert.Equal(
                        operations.Exists(write => write.Kind != OperationKind.Read && write.Value == read.Value && write.Call < read.Return),
                        kept.Exists(write => write.Kind != OperationKind.Read && write.Value == read.Value && write.Call < read.Return));
                }

                shrunk += kept.Count < operations.Count ? 1 : 0;
            }
        }

        Assert.True(shrunk > 50);
    }
}
