using Veche.Checking.Linearizability;
using Veche.Checking.Revisions;

namespace Veche.Checking.Tests.Rules;

public sealed class RevisionTests
{
    [Fact]
    public void Valid() => Assert.Equal(Verdict.Valid, Judge(
        Put(1, 3, 2, "a"),
        Put(2, 4, 3, "b"), // concurrent
        Get(2, 3, 1, ""), // before both took effect
        Get(5, 6, 3, "b"),
        Stale(7, 8, 2, "a"),
        Past(9, 10, 3, 2, "a")).Verdict);

    [Fact]
    public void A_response_that_the_state_does_not_give() => Broken("response", Put(1, 2, 2, "a"), Get(3, 4, 2, "b"));

    [Fact]
    public void An_old_state_that_never_was() => Broken("response", Put(1, 2, 2, "a"), Put(3, 4, 3, "b"), Stale(5, 6, 2, "b"));

    [Fact]
    public void A_read_older_than_what_was_acknowledged() => Broken("stale-read", Put(1, 2, 2, "a"), Put(3, 4, 3, "b"), Get(5, 6, 2, "a"));

    [Fact]
    public void A_read_older_than_what_a_serializable_read_had_seen() => Broken("stale-read", Put(1, 9, 2, "a"), Stale(3, 4, 2, "a"), Get(5, 6, 1, ""));

    [Fact]
    public void A_write_that_was_seen_before_it_was_called() => Broken("revision-order", Stale(1, 2, 2, "a"), Put(3, 4, 2, "a"));

    [Fact]
    public void Writes_in_an_order_against_time() => Broken("revision-order", Put(1, 2, 3, "a"), Put(3, 4, 2, "b"));

    [Fact]
    public void Two_writes_of_one_revision() => Broken("revision-unique", Put(1, 5, 2, "a"), Put(1, 5, 2, "b"));

    [Fact]
    public void A_revision_that_nobody_made()
    {
        Broken("revision-origin", Put(1, 2, 2, "a"), Put(3, 4, 4, "b"));
        Broken("revision-origin", Put(1, 2, 2, "a"), Get(3, 4, 3, "a"));
    }

    [Fact]
    public void At_the_same_moment_is_concurrent() => Assert.Equal(Verdict.Valid, Judge(Put(1, 2, 2, "a"), Get(2, 3, 1, "")).Verdict);

    [Fact]
    public void A_write_of_unknown_outcome_is_placed_where_it_was_seen() => Assert.Equal(
        Verdict.Valid,
        Judge(Put(1, RevisionOperation.NotReturned, 2, "a"), Get(3, 4, 1, ""), Get(5, 6, 2, "a"), Put(1, RevisionOperation.NotReturned, 0, "never")).Verdict);

    [Fact]
    public void A_write_of_unknown_outcome_that_may_have_made_what_is_missing_is_unknown()
    {
        CheckReport report = Judge(Put(1, RevisionOperation.NotReturned, 0, "a"), Get(5, 6, 2, "a"));
        Assert.Equal(Verdict.Unknown, report.Verdict);
        Assert.Contains("revision 2", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_of_unknown_outcome_is_not_seen_before_its_call() =>
        Broken("revision-order", Stale(1, 2, 2, "a"), Put(3, RevisionOperation.NotReturned, 2, "a"));

    [Fact]
    public void The_revision_path_agrees_with_the_search()
    {
        // What the search finds with no idea of revisions, the revision path must not call valid; on correct ones both agree.
        var random = new Random(17);
        int invalid = 0;
        for (int i = 0; i < 4_000; i++)
        {
            List<Timed> timed = RandomStore(random, random.Next(2, 7), isMutated: i % 2 == 0);
            Verdict byRevision = Judge([.. timed]).Verdict;
            var model = new SearchModel();
            Verdict bySearch = LinearizabilityChecker.Check(model, [.. timed.Select(SearchModel.Of)]).Verdict;
            Assert.Equal(bySearch, byRevision);
            invalid += bySearch == Verdict.Invalid ? 1 : 0;
        }

        Assert.InRange(invalid, 200, 3_000);
    }

    internal static Timed Put(long call, long returned, long revision, string value) => new(new RevisionOperation { Call = call, Return = returned, Kind = RevisionOperationKind.Write, Revision = revision }, value);

    private static Timed Get(long call, long returned, long revision, string value) => new(new RevisionOperation { Call = call, Return = returned, Kind = RevisionOperationKind.Read, Revision = revision }, value);

    private static Timed Stale(long call, long returned, long revision, string value) => new(new RevisionOperation { Call = call, Return = returned, Kind = RevisionOperationKind.SerializableRead, Revision = revision }, value);

    private static Timed Past(long call, long returned, long revision, long stateRevision, string value) =>
        new(Get(call, returned, revision, value).Operation with { StateRevision = stateRevision }, value);

    private static void Broken(string rule, params Timed[] timed)
    {
        CheckReport report = Judge(timed);
        Assert.Equal(Verdict.Invalid, report.Verdict);
        Assert.Contains(report.Violations, violation => violation.Rule == rule);
    }

    private static CheckReport Judge(params Timed[] timed)
    {
        RevisionOperation[] operations = [.. timed.Select(static one => one.Operation)];
        return RevisionChecker.Check(operations, new OneKey(timed));
    }

    // Operations that take effect at a moment within their interval, in the order of those moments; mutated, one has another revision or value.
    private static List<Timed> RandomStore(Random random, int count, bool isMutated)
    {
        List<(long Call, long Effect, long Return, bool IsWrite)> moments = [.. Enumerable.Range(0, count).Select(_ =>
        {
            long effect = random.Next(1, 40);
            return (effect - random.Next(8), effect, effect + random.Next(8), random.Next(2) == 0);
        }).OrderBy(static moment => moment.Item2)];
        long revision = 1;
        string value = string.Empty;
        List<Timed> timed = [];
        foreach ((long call, _, long returned, bool isWrite) in moments)
        {
            if (isWrite)
            {
                revision++;
                value = $"v{revision}";
            }

            timed.Add(isWrite ? Put(call, returned, revision, value) : Get(call, returned, revision, value));
        }

        int at = random.Next(count);
        if (isMutated && timed[at].Operation.Kind == RevisionOperationKind.Read)
        {
            long other = random.Next(1, (int)revision + 1);
            timed[at] = Get(timed[at].Operation.Call, timed[at].Operation.Return, other, other == 1 ? string.Empty : $"v{other}");
        }

        return timed;
    }
}
