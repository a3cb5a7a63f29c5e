using Veche.Server.Semantics;

namespace Veche.Server.Tests.Semantics;

/// <summary>Ages, with the time handed in.</summary>
public sealed class FreshnessTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Nothing_is_known_before_anybody_has_answered() => Assert.Null(new Freshness().AsOfNs(100));

    [Fact]
    public void A_state_is_as_old_as_the_question_whose_index_it_has_applied()
    {
        var freshness = new Freshness();
        freshness.Confirmed(10 * Ms, 5);
        freshness.Confirmed(20 * Ms, 8);
        Assert.Null(freshness.AsOfNs(4));
        Assert.Equal(10 * Ms, freshness.AsOfNs(5));
        Assert.Equal(10 * Ms, freshness.AsOfNs(7));
        Assert.Equal(20 * Ms, freshness.AsOfNs(8));
        Assert.Equal(20 * Ms, freshness.AsOfNs(7, maxEntriesBehind: 1));
    }

    [Fact]
    public void An_answer_that_comes_late_makes_nothing_younger()
    {
        var freshness = new Freshness();
        freshness.Confirmed(20 * Ms, 8);
        freshness.Confirmed(10 * Ms, 8);
        Assert.Equal(20 * Ms, freshness.AsOfNs(8));
    }

    [Fact]
    public void Any_order_of_answers_gives_the_newest_question_that_is_reached()
    {
        var random = new Random(7);
        for (int run = 0; run < 200; run++)
        {
            var freshness = new Freshness();
            List<(long AskedNs, long Index)> told = [];
            long newest = long.MinValue;
            for (int i = 1; i <= 40; i++)
            {
                (long askedNs, long index) = (i * 2 * Ms, (i * 3) + random.Next(20));
                freshness.Confirmed(askedNs, index);
                told.Add((askedNs, index));
                newest = Math.Max(newest, askedNs);
                long applied = random.Next(150);
                long behind = random.Next(5);
                long expected = told.Where(confirmation => confirmation.Index - behind <= applied).Select(static confirmation => confirmation.AskedNs).DefaultIfEmpty(-1).Max();
                Assert.Equal(expected, freshness.AsOfNs(applied, behind) ?? -1);
            }
        }
    }

    [Fact]
    public void What_is_forgotten_only_makes_it_look_older()
    {
        var freshness = new Freshness();
        for (int i = 1; i <= 10 * Freshness.MaxKept; i++)
        {
            freshness.Confirmed(i * 2 * Ms, i);
        }

        Assert.Null(freshness.AsOfNs(1));
        Assert.Equal(10 * Freshness.MaxKept * 2 * Ms, freshness.AsOfNs(10 * Freshness.MaxKept));
    }
}
