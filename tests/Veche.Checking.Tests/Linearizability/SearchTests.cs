using Veche.Checking.Histories;
using Veche.Checking.Linearizability;
using Veche.Checking.Models;

namespace Veche.Checking.Tests.Linearizability;

public sealed class SearchTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_search_agrees_with_trying_every_order(bool isText)
    {
        var random = new Random(20_261);
        int invalid = 0;
        for (int i = 0; i < 6_000; i++)
        {
            bool isMutated = i % 3 != 0;
            History history = RandomHistories.Next(random, isText, random.Next(1, 8), isMutated);
            bool expected = BruteForce.IsLinearizable(history.Symbols, history.Operations, isText);
            Assert.True(expected || isMutated, $"history {i} is valid by construction");
            Assert.Equal(expected ? Verdict.Valid : Verdict.Invalid, Notation.Judge(history, isText ? HistoryModel.KeyValue : HistoryModel.CasRegister));
            invalid += expected ? 0 : 1;
        }

        Assert.InRange(invalid, 500, 5_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_order_that_is_found_explains_the_history(bool isText)
    {
        var random = new Random(7);
        for (int i = 0; i < 300; i++)
        {
            History history = RandomHistories.Next(random, isText, 60, isMutated: false);
            List<Operation> operations = [.. history.Operations.Where(static operation => operation.Outcome == Outcome.Ok)];
            KeyModel model = isText ? new TextModel(history.Symbols, Symbols.Null) : new RegisterModel(Symbols.Null);
            operations.AddRange(history.Operations.Where(static operation => operation.Outcome == Outcome.Info && operation.Kind != OperationKind.Read));
            LinearizabilityResult result = model.Check(operations, CheckLimits.Default);
            Assert.Equal(Verdict.Valid, result.Verdict);
            List<Operation> order = [.. result.Order.Select(index => operations[index])];
            Assert.Equal(operations.Count(static operation => operation.Return != Operation.NotReturned), order.Count(static operation => operation.Return != Operation.NotReturned));

            // As the order is total, each may be given a moment of its own; and none may come after one that had to wait for it.
            Assert.True(BruteForce.IsLinearizable(history.Symbols, [.. order.Select(static (operation, at) => operation with { Call = 2 * at, Return = (2 * at) + 1, Outcome = Outcome.Ok })], isText));
            for (int later = 0; later < order.Count; later++)
            {
                Assert.DoesNotContain(order.Take(later), before => before.Call > order[later].Return);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Looking_ahead_changes_no_verdict(bool isText)
    {
        var random = new Random(31);
        int invalid = 0;
        for (int i = 0; i < 1_500; i++)
        {
            History history = RandomHistories.Next(random, isText, random.Next(10, 40), isMutated: true);
            Verdict ahead = HistoryChecker.Check(history, isText ? HistoryModel.KeyValue : HistoryModel.CasRegister).Verdict;
            Verdict behind = HistoryChecker.Check(history, isText ? HistoryModel.KeyValue : HistoryModel.CasRegister, new CheckLimits { LooksAhead = false }).Verdict;
            Assert.Equal(behind, ahead);
            invalid += ahead == Verdict.Invalid ? 1 : 0;
        }

        Assert.InRange(invalid, 200, 1_300);
    }

    [Fact]
    public void Running_out_is_unknown_and_never_valid()
    {
        var random = new Random(3);
        History history = Crowd(random, 24);
        Assert.Equal(Verdict.Unknown, HistoryChecker.Check(history, HistoryModel.Register, new CheckLimits { Steps = 5_000 }).Verdict);
        HistoryVerdict memory = HistoryChecker.Check(history, HistoryModel.Register, new CheckLimits { MemoryBytes = 100_000 });
        Assert.Equal((Verdict.Unknown, "memory ran out on key null"), (memory.Verdict, memory.Summary));
        HistoryVerdict time = HistoryChecker.Check(history, HistoryModel.Register, new CheckLimits { Time = TimeSpan.Zero });
        Assert.Equal((Verdict.Unknown, "time ran out on key null"), (time.Verdict, time.Summary));
    }

    [Fact]
    public void A_hard_key_does_not_hide_a_broken_one()
    {
        History hard = Crowd(new Random(3), 24);
        int key = hard.Symbols.Of("easy");
        long end = hard.Operations.Max(static operation => operation.Return);
        var wrong = new Operation { Process = hard.Symbols.Of(99), Kind = OperationKind.Read, Key = key, Value = hard.Symbols.Of(1), Outcome = Outcome.Ok, Call = end + 1, Return = end + 2 };
        var both = new History(hard.Symbols, [.. hard.Operations, wrong]);
        Assert.Equal(Verdict.Invalid, HistoryChecker.Check(both, HistoryModel.Register, new CheckLimits { Steps = 5_000 }).Verdict);
    }

    [Fact]
    public void Many_writes_of_unknown_outcome_that_nobody_saw_cost_nothing()
    {
        var symbols = new Symbols();
        List<Operation> operations = [];
        for (int i = 0; i < 200; i++)
        {
            operations.Add(new Operation { Process = symbols.Of(i), Kind = OperationKind.Write, Value = symbols.Of(1000 + i), Outcome = Outcome.Info, Call = i, Return = Operation.NotReturned });
        }

        for (int i = 0; i < 200; i++)
        {
            operations.Add(new Operation { Process = symbols.Of("r"), Kind = OperationKind.Read, Value = Symbols.Null, Outcome = Outcome.Ok, Call = 1000 + (2 * i), Return = 1001 + (2 * i) });
        }

        Assert.Equal(Verdict.Valid, HistoryChecker.Check(new History(symbols, operations), HistoryModel.Register, new CheckLimits { Steps = 1_000 }).Verdict);
    }

    [Fact]
    public void Twins_of_unknown_outcome_are_tried_once()
    {
        // 40 open writes of 1 and 40 of 2, and reads that alternate: without telling twins apart 2^80 sets would do.
        var symbols = new Symbols();
        List<Operation> operations = [];
        for (int i = 0; i < 80; i++)
        {
            operations.Add(new Operation { Process = symbols.Of(i), Kind = OperationKind.Write, Value = symbols.Of(1 + (i % 2)), Outcome = Outcome.Info, Call = i, Return = Operation.NotReturned });
        }

        for (int i = 0; i < 81; i++)
        {
            operations.Add(new Operation { Process = symbols.Of("r"), Kind = OperationKind.Read, Value = symbols.Of(1 + (i % 2)), Outcome = Outcome.Ok, Call = 1000 + (2 * i), Return = 1001 + (2 * i) });
        }

        Assert.Equal(Verdict.Invalid, HistoryChecker.Check(new History(symbols, operations), HistoryModel.Register, new CheckLimits { Steps = 100_000 }).Verdict);
        Assert.Equal(Verdict.Valid, HistoryChecker.Check(new History(symbols, operations[..^1]), HistoryModel.Register, new CheckLimits { Steps = 100_000 }).Verdict);
    }

    [Fact]
    public void A_model_of_any_type_can_be_searched()
    {
        TimedOperation<int, int?>[] operations = [new(new Interval(0, 10), 1, null), new(new Interval(1, 3), 0, 1), new(new Interval(4, 5), 0, 1), new(new Interval(2, Interval.Open), 2, null), new(new Interval(6, 7), 0, 3)];
        LinearizabilityResult valid = LinearizabilityChecker.Check(new Counter(), operations);
        Assert.Equal(Verdict.Valid, valid.Verdict);
        Assert.Equal([0, 1, 2, 3, 4], valid.Order);
        operations[2] = new(new Interval(4, 5), 0, 0);
        LinearizabilityResult invalid = LinearizabilityChecker.Check(new Counter(), operations);
        Assert.Equal((Verdict.Invalid, 2), (invalid.Verdict, invalid.Blocked));
        Assert.Throws<ArgumentException>(() => LinearizabilityChecker.Check(new Counter(), [new TimedOperation<int, int?>(new Interval(2, 1), 1, null)]));
    }

    /// <summary>Everything at once, and reads that no order satisfies: every subset has to be looked at.</summary>
    private static History Crowd(Random random, int writers)
    {
        var symbols = new Symbols();
        List<Operation> operations = [];
        for (int i = 0; i < writers; i++)
        {
            operations.Add(new Operation { Process = symbols.Of(i), Kind = OperationKind.Write, Value = symbols.Of(i), Outcome = Outcome.Ok, Call = i, Return = 10_000 + random.Next(1_000) });
            operations.Add(new Operation { Process = symbols.Of(100 + i), Kind = OperationKind.Read, Value = symbols.Of(i), Outcome = Outcome.Ok, Call = 100 + i, Return = 20_000 + i });
        }

        operations.Add(new Operation { Process = symbols.Of(999), Kind = OperationKind.Read, Value = symbols.Of(-1), Outcome = Outcome.Ok, Call = 200, Return = 30_000 });
        return new History(symbols, operations);
    }

    private sealed class Counter : SequentialModel<int, int, int?>
    {
        public override int Initial => 0;

        public override bool TryStep(int state, int input, int? output, bool isOutputKnown, out int next)
        {
            next = state + input;
            return input != 0 || !isOutputKnown || output == state;
        }

        public override bool IsReadOnly(int input) => input == 0;
    }
}
