using Veche.Checking.Leases;
using Veche.Checking.Revisions;
using Veche.Checking.Sessions;

namespace Veche.Checking.Tests.Rules;

public sealed class PromiseTests
{
    [Fact]
    public void Sessions_that_never_go_back_are_valid() => Assert.Equal(
        Verdict.Valid,
        SessionChecker.Check([new(1, true, 2), new(2, false, 1), new(1, false, 2), new(2, false, 1), new(1, true, 3), new(2, false, 3)]).Verdict);

    [Theory]
    [InlineData("read-your-writes", true, 5, false, 4)]
    [InlineData("monotonic-reads", false, 5, false, 4)]
    [InlineData("monotonic-writes", true, 5, true, 5)]
    [InlineData("monotonic-writes", true, 5, true, 4)]
    [InlineData("writes-follow-reads", false, 5, true, 5)]
    public void A_session_that_goes_back(string rule, bool isFirstWrite, long first, bool isSecondWrite, long second)
    {
        CheckReport report = SessionChecker.Check([new(7, isFirstWrite, first), new(8, false, 1), new(7, isSecondWrite, second)]);
        Assert.Equal([rule], report.Violations.Select(static violation => violation.Rule));
        Assert.Equal(Verdict.Invalid, report.Verdict);
    }

    [Fact]
    public void Acknowledged_writes_are_kept()
    {
        StoredChange[] stored = [new(2, "a", "1"), new(3, "b", "2"), new(3, "c", null), new(4, "a", "3")];
        Assert.Equal(Verdict.Valid, AcknowledgedWrites.Check([new(2, "a", "1"), new(3, "c", null)], stored).Verdict);
        Assert.Equal(["lost-write"], Rules(AcknowledgedWrites.Check([new(5, "a", "9")], stored)));
        Assert.Equal(["lost-write"], Rules(AcknowledgedWrites.Check([new(3, "a", "1")], stored)));
        Assert.Equal(["altered-write"], Rules(AcknowledgedWrites.Check([new(4, "a", "1")], stored)));
        Assert.Equal(["altered-write"], Rules(AcknowledgedWrites.Check([new(4, "a", null)], stored)));
    }

    [Fact]
    public void Leases_that_keep_their_promises_are_valid() => Assert.Empty(Leases(
        Granted(1, 0, 5000), Attached(1, "a"), Attached(1, "b"), KeptAlive(1, 3000, 5000), Detached("b"), Expired(1, 8000), Deleted(1, "a"),
        Granted(2, 9000, 5000), Attached(2, "a"), Granted(3, 9000, 1000), Attached(3, "a"), Revoked(2), KeptAlive(2, 9500, 5000), Revoked(3), Deleted(3, "a")));

    [Fact]
    public void A_lease_that_ran_out_before_its_time()
    {
        Assert.Equal(["early-expiry"], Leases(Granted(1, 0, 5000), Expired(1, 4999)));
        Assert.Equal(["early-expiry"], Leases(Granted(1, 0, 5000), KeptAlive(1, 3000, 5000), Expired(1, 5500)));
        LeaseEvent[] fastClock = [Granted(1, 0, 5000), Expired(1, 4900)];
        Assert.Equal(Verdict.Valid, LeaseChecker.Check(fastClock, maxClockErrorMs: 100).Verdict);
        Assert.Equal(Verdict.Invalid, LeaseChecker.Check(fastClock, maxClockErrorMs: 99).Verdict);
    }

    [Fact]
    public void A_key_that_stays_when_its_lease_has_gone()
    {
        Assert.Equal(["orphaned-key"], Leases(Granted(1, 0, 1000), Attached(1, "a"), Attached(1, "b"), Expired(1, 1000), Deleted(1, "a")));
        Assert.Equal(["orphaned-key"], Leases(Granted(1, 0, 1000), Attached(1, "a"), Revoked(1), Detached("x"), Detached("a")));
    }

    [Fact]
    public void A_key_with_a_lease_that_is_not_there()
    {
        Assert.Equal(["attached-to-dead-lease"], Leases(Attached(1, "a")));
        Assert.Equal(["attached-to-dead-lease"], Leases(Granted(1, 0, 1000), Revoked(1), Attached(1, "a")));
    }

    [Fact]
    public void A_key_that_goes_while_its_lease_is_there()
    {
        Assert.Equal(["deleted-while-alive"], Leases(Granted(1, 0, 1000), Attached(1, "a"), Deleted(1, "a")));
        Assert.Equal(["deleted-while-alive"], Leases(Granted(1, 0, 1000), Granted(2, 0, 1000), Attached(1, "a"), Revoked(2), Deleted(2, "a")));
    }

    [Fact]
    public void A_lease_that_ends_twice() => Assert.Equal(["ended-twice"], Leases(Granted(1, 0, 1000), Revoked(1), Expired(1, 2000)));

    private static IEnumerable<string> Rules(CheckReport report) => report.Violations.Select(static violation => violation.Rule);

    private static IEnumerable<string> Leases(params LeaseEvent[] events) => Rules(LeaseChecker.Check(events));

    private static LeaseEvent Granted(long lease, long timeMs, long timeToLiveMs) => new(LeaseEventKind.Granted, lease) { TimeMs = timeMs, TimeToLiveMs = timeToLiveMs };

    private static LeaseEvent KeptAlive(long lease, long timeMs, long timeToLiveMs) => new(LeaseEventKind.KeptAlive, lease) { TimeMs = timeMs, TimeToLiveMs = timeToLiveMs };

    private static LeaseEvent Expired(long lease, long timeMs) => new(LeaseEventKind.Expired, lease) { TimeMs = timeMs };

    private static LeaseEvent Revoked(long lease) => new(LeaseEventKind.Revoked, lease);

    private static LeaseEvent Attached(long lease, string key) => new(LeaseEventKind.Attached, lease) { Key = key };

    private static LeaseEvent Detached(string key) => new(LeaseEventKind.Detached, 0) { Key = key };

    private static LeaseEvent Deleted(long lease, string key) => new(LeaseEventKind.DeletedByLease, lease) { Key = key };
}
