using Veche.Store.Leases;

namespace Veche.Store.Tests.Leases;

public sealed class LessorTests
{
    private const long Second = 1_000_000_000;
    private readonly Lessor _lessor = new();

    [Fact]
    public void A_lease_ends_when_its_time_is_up_and_not_before()
    {
        Lead(0, 0, term: 1);
        _lessor.Granted(new LeaseRecord(1, 5, 5));
        Assert.Empty(Expired(1 * Second));
        Assert.Empty(Expired((6 * Second) - 1));
        Assert.Equal([1L], Expired(6 * Second));
        Assert.Empty(Expired(7 * Second));
        Assert.Equal([1L], Expired(9 * Second));
        _lessor.Revoked(1);
        Assert.Empty(Expired(20 * Second));
    }

    [Fact]
    public void A_renewal_starts_the_time_anew()
    {
        Lead(0, 0, term: 1);
        _lessor.Granted(new LeaseRecord(1, 5, 5));
        Expired(0);
        Assert.Equal(5, _lessor.Renew(1, 4 * Second));
        Assert.Empty(Expired(8 * Second));
        Assert.Equal(1, _lessor.RemainingSeconds(1, 8 * Second));
        Assert.Equal([1L], Expired(9 * Second));
        Assert.Equal(0, _lessor.Renew(1, 9 * Second));
        Assert.Equal(0, _lessor.Renew(2, 9 * Second));
        Assert.Equal(-1, _lessor.RemainingSeconds(2, 9 * Second));
    }

    [Fact]
    public void Only_the_leader_counts_and_a_new_one_gives_more_time()
    {
        _lessor.Granted(new LeaseRecord(1, 5, 3));
        Assert.Null(_lessor.Renew(1, 0));
        Assert.Empty(Expired(100 * Second));
        Lead(200 * Second, Second, term: 2);
        Assert.Empty(Expired((204 * Second) - 1));
        Assert.Equal([1L], Expired(204 * Second));
        _lessor.Demote();
        Assert.Null(_lessor.RemainingSeconds(1, 205 * Second));
    }

    [Fact]
    public void A_state_that_is_replaced_while_its_member_leads_ends_no_lease_before_what_was_promised()
    {
        Lead(0, Second, term: 1);
        _lessor.Granted(new LeaseRecord(1, 5, 5));
        Expired(0);
        Assert.Equal(5, _lessor.Renew(1, 4 * Second));
        _lessor.Reset([new LeaseRecord(1, 5, 5)], 1);
        Assert.Empty(Expired((9 * Second) - 1));
        Assert.Equal([1L], Expired(20 * Second));
    }

    [Fact]
    public void Expiry_is_paced()
    {
        Lead(0, 0, term: 1);
        for (int i = 1; i <= 10; i++)
        {
            _lessor.Granted(new LeaseRecord(i, 1, 1));
        }

        Expired(0);
        List<long> first = [];
        _lessor.TakeExpired(2 * Second, 4, first);
        Assert.Equal(4, first.Count);
        Assert.Equal(6, Expired(2 * Second).Count);
    }

    private void Lead(long nowNs, long extensionNs, long term)
    {
        _lessor.Promote(nowNs, extensionNs, term);
        _lessor.AppliedThrough(term);
    }

    private List<long> Expired(long nowNs)
    {
        List<long> expired = [];
        _lessor.TakeExpired(nowNs, 100, expired);
        expired.Sort();
        return expired;
    }
}
