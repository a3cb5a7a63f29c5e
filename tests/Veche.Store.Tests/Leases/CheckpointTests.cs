using Veche.Api.Commands;
using Veche.Store.Leases;

namespace Veche.Store.Tests.Leases;

/// <summary>What of a lease's time is recorded, when, and what the next leader makes of it. A store of one member's log stands between two lessors.</summary>
public sealed class CheckpointTests : IDisposable
{
    private const long Second = 1_000_000_000;
    private readonly StoreHarness _store = StoreHarness.InMemory();
    private Lessor _lessor = new();
    private long _term;

    public CheckpointTests() => Lead(0, 0);

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_lease_is_recorded_after_half_its_time_and_then_every_eighth()
    {
        Grant(1, 80);
        List<(long AtSeconds, long Remaining)> recorded = [];
        for (long nowNs = 0; nowNs < 80 * Second; nowNs += Second / 5)
        {
            if (Record(nowNs) is { } checkpoint)
            {
                recorded.Add((nowNs / Second, Assert.Single(checkpoint.Leases).RemainingSeconds));
            }
        }

        Assert.Equal([(40, 40), (50, 30), (60, 20), (70, 10)], recorded);
    }

    [Fact]
    public void A_lease_that_is_renewed_in_time_is_never_recorded()
    {
        Grant(1, 9);
        for (long nowNs = 0; nowNs < 100 * Second; nowNs += Second)
        {
            if (nowNs % (3 * Second) == 0)
            {
                Assert.Equal(9, _lessor.Renew(1, nowNs));
                Assert.True(_lessor.MayPromise(1, _term, out LeaseCheckpoint? first));
                Assert.Null(first);
            }

            Assert.Null(Record(nowNs));
        }
    }

    [Fact]
    public void What_is_left_is_rounded_up_so_that_no_lease_loses_time()
    {
        Grant(1, 10);
        Assert.Equal(5, Assert.Single(Record(5 * Second)!.Leases).RemainingSeconds);
        Assert.Null(Record((6 * Second) - 1));
        Assert.Equal(4, Assert.Single(Record((6 * Second) + 1)!.Leases).RemainingSeconds);
    }

    [Fact]
    public void The_next_leader_goes_on_from_what_was_recorded()
    {
        Grant(1, 80);
        Record(40 * Second);
        Record(50 * Second);
        Lead(55 * Second, extensionNs: 2 * Second);
        Assert.Equal(32, _lessor.RemainingSeconds(1, 55 * Second));
        Assert.Empty(Expired((87 * Second) - 1));
        Assert.Equal([1L], Expired(87 * Second));
    }

    /// <summary>However often leaders change, as long as each leads for half its time: then it ends, at most half its time later for each change.</summary>
    [Theory]
    [InlineData(80, 41)]
    [InlineData(80, 45)]
    [InlineData(16, 9)]
    [InlineData(2, 2)]
    public void Changes_of_leaders_do_not_keep_a_lease_alive_for_ever(long ttl, long changeEverySeconds)
    {
        Grant(1, ttl);
        long changes = 0;
        for (long nowNs = 0; ; nowNs += Second / 5)
        {
            Record(nowNs);
            if (Expired(nowNs).Count > 0)
            {
                Assert.InRange(nowNs, ttl * Second, (ttl + (changes * ((ttl / 2) + 2))) * Second);
                return;
            }

            if (nowNs / Second / changeEverySeconds > changes)
            {
                changes++;
                Assert.InRange(changes, 1, 4);
                Lead(nowNs, extensionNs: Second);
            }
        }
    }

    [Fact]
    public void A_renewal_of_a_lease_that_was_recorded_waits_until_its_whole_time_is()
    {
        Grant(1, 10);
        Record(6 * Second);
        Assert.Equal(10, _lessor.Renew(1, 7 * Second));
        Assert.True(_lessor.MayPromise(1, _term, out LeaseCheckpoint? first));
        Assert.Equal(10, Assert.Single(first!.Leases).RemainingSeconds);
        Assert.IsType<LeaseCheckpoint>(Apply(first));

        Assert.True(_lessor.MayPromise(1, _term, out first));
        Assert.Null(first);
        Lead(8 * Second, 0);
        Assert.Empty(Expired((18 * Second) - 1));
        Assert.Equal([1L], Expired(18 * Second));
    }

    [Fact]
    public void So_does_a_renewal_while_a_checkpoint_is_under_way()
    {
        Grant(1, 10);
        LeaseCheckpoint late = _lessor.TakeCheckpoint(6 * Second)!;
        Assert.Equal(10, _lessor.Renew(1, 7 * Second));
        Assert.True(_lessor.MayPromise(1, _term, out LeaseCheckpoint? first));
        Apply(late);
        Apply(first!);
        Assert.Equal(10, _store.Store.FindLease(1)!.Value.RemainingSeconds);
        Assert.True(_lessor.MayPromise(1, _term, out first));
        Assert.Null(first);
    }

    [Fact]
    public void A_checkpoint_that_was_refused_holds_nobody_up()
    {
        Grant(1, 10);
        LeaseCheckpoint refused = _lessor.TakeCheckpoint(6 * Second)!;
        Assert.Equal(10, _lessor.Renew(1, 7 * Second));
        _lessor.Withdraw(refused);
        Assert.True(_lessor.MayPromise(1, _term, out LeaseCheckpoint? first));
        Assert.Null(first);
    }

    [Fact]
    public void One_is_under_way_at_a_time_and_bounded()
    {
        for (int id = 1; id <= 1500; id++)
        {
            Grant(id, 10);
        }

        LeaseCheckpoint first = _lessor.TakeCheckpoint(6 * Second)!;
        Assert.Equal(1000, first.Leases.Count);
        Assert.Null(_lessor.TakeCheckpoint(6 * Second));
        Apply(first);
        Assert.Equal(500, _lessor.TakeCheckpoint(6 * Second)!.Leases.Count);

        // That one is lost.
        Assert.Null(_lessor.TakeCheckpoint(8 * Second));
        Assert.Equal(1000, _lessor.TakeCheckpoint(9 * Second)!.Leases.Count);
    }

    /// <summary>What an earlier leader recorded, and the end it decided, may reach the log through a later one, who has promised more since.</summary>
    [Fact]
    public void What_was_decided_in_another_term_does_nothing()
    {
        Grant(1, 10);
        LeaseCheckpoint late = _lessor.TakeCheckpoint(6 * Second)!;
        long term = _term;
        Lead(7 * Second, 0);
        Assert.Equal(StoreErrors.DecidedInAnotherTerm, Apply(late));
        Assert.Equal(StoreErrors.DecidedInAnotherTerm, Apply(new Command { LeaseRevoke = new() { ID = 1 }, ExpiredInTerm = (ulong)term }));
        Assert.Equal(10, _store.Store.FindLease(1)!.Value.RemainingSeconds);
        Assert.IsNotType<StoreError>(Apply(new Command { LeaseRevoke = new() { ID = 1 }, ExpiredInTerm = (ulong)_term }));
        Assert.Null(_store.Store.FindLease(1));
    }

    /// <summary>A new leader has what an earlier one recorded in its log, and not yet in its state.</summary>
    [Fact]
    public void A_leader_does_not_count_before_it_has_applied_what_earlier_leaders_recorded()
    {
        Grant(1, 10);
        Record(6 * Second);
        Assert.Equal(10, _lessor.Renew(1, 7 * Second));
        Assert.True(_lessor.MayPromise(1, _term, out LeaseCheckpoint? promised));

        var next = new Lessor();
        next.Granted(new LeaseRecord(1, 10, 4));
        next.AppliedThrough(_term);
        next.Promote(8 * Second, 0, _term + 1);
        List<long> expired = [];
        next.TakeExpired(12 * Second, 10, expired);
        Assert.Empty(expired);
        Assert.Null(next.Renew(1, 12 * Second));
        Assert.Null(next.RemainingSeconds(1, 12 * Second));
        Assert.Null(next.TakeCheckpoint(12 * Second));
        Assert.False(next.MayPromise(1, _term + 1, out _));

        next.Checkpointed(new LeaseRecord(1, 10, promised!.Leases[0].RemainingSeconds), _term);
        next.AppliedThrough(_term + 1);
        Assert.Equal(6, next.RemainingSeconds(1, 12 * Second));
        next.TakeExpired((18 * Second) - 1, 10, expired);
        Assert.Empty(expired);
    }

    [Fact]
    public void Whoever_does_not_lead_the_term_of_a_renewal_promises_nothing()
    {
        Grant(1, 10);
        Assert.Equal(10, _lessor.Renew(1, 1 * Second));
        long term = _term;
        Lead(2 * Second, 0);
        Assert.False(_lessor.MayPromise(1, term, out _));
        _lessor.Demote();
        Assert.False(_lessor.MayPromise(1, _term, out _));
    }

    /// <summary>At the beginning of time.</summary>
    private void Grant(long id, long ttl)
    {
        Assert.IsNotType<StoreError>(Apply(new Command { LeaseGrant = new() { ID = id, TTL = ttl } }));
        Assert.Empty(Expired(0));
    }

    /// <summary>Another member leads, with the same state.</summary>
    private void Lead(long nowNs, long extensionNs)
    {
        _term++;
        _lessor = new Lessor();
        _store.Store.LeaseObserver = _lessor;
        _lessor.Promote(nowNs, extensionNs, _term);
        _store.Term = _term;
        Apply(new Command { Compact = new() { Revision = 0 } });
    }

    private object Apply(Command command) => _store.Do(command);

    private object Apply(LeaseCheckpoint checkpoint) => Apply(new Command { LeaseCheckpoint = checkpoint });

    private LeaseCheckpoint? Record(long nowNs)
    {
        _lessor.TakeExpired(nowNs, 0, []);
        LeaseCheckpoint? checkpoint = _lessor.TakeCheckpoint(nowNs);
        if (checkpoint is not null)
        {
            Assert.Equal(checkpoint, Apply(checkpoint));
        }

        return checkpoint;
    }

    private List<long> Expired(long nowNs)
    {
        List<long> expired = [];
        _lessor.TakeExpired(nowNs, 100, expired);
        return expired;
    }
}
