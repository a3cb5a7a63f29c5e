using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Members;

namespace Veche.Cli.Tests.Client;

/// <summary>What a replacement does next, by the members there are.</summary>
public sealed class ReplacePlanTests
{
    private static readonly ReplacePlan Plan = new("m3", "m4", ["http://new:2380"], WasRemoved: false);

    [Fact]
    public void One_that_is_well_goes_last()
    {
        Assert.Equal(ReplaceStep.Add, Plan.Next([Voter(1), Voter(2), Voter(3)], Well(1, 2, 3)));
        Assert.Equal(ReplaceStep.Promote, Plan.Next([Voter(1), Voter(2), Voter(3), New(learner: true)], Well(1, 2, 3)));
        Assert.Equal(ReplaceStep.RemoveOld, Plan.Next([Voter(1), Voter(2), Voter(3), New(learner: false)], Well(1, 2, 3, 9)));
        Assert.Equal(ReplaceStep.Done, Plan.Next([Voter(1), Voter(2), New(learner: false)], Well(1, 2, 9)));
    }

    [Fact]
    public void One_that_is_down_goes_first()
    {
        Assert.Equal(ReplaceStep.RemoveOldFirst, Plan.Next([Voter(1), Voter(2), Voter(3)], Well(1, 2)));
        Assert.Equal(ReplaceStep.Add, (Plan with { WasRemoved = true }).Next([Voter(1), Voter(2)], Well(1, 2)));
        Assert.Equal(ReplaceStep.Promote, Plan.Next([Voter(1), Voter(2), New(learner: true)], Well(1, 2)));
    }

    [Fact]
    public void A_name_that_nobody_has_is_not_taken_for_one_that_was_removed() => Refused("say --removed", Plan, [Voter(1), Voter(2)], Well(1, 2));

    [Fact]
    public void Nothing_begins_while_another_is_down() => Refused("m1 does not answer", Plan, [Voter(1), Voter(2), Voter(3)], Well(2, 3));

    [Fact]
    public void Nothing_begins_without_a_quorum() => Refused("no quorum", Plan, [Voter(1), Voter(3)], Well(1));

    [Fact]
    public void Nothing_begins_beside_another_learner() => Refused("a learner already", Plan, [Voter(1), Voter(2), Voter(3), new Member { ID = 8, Name = "m8", IsLearner = true }], Well(1, 2, 3, 8));

    [Fact]
    public void Names_and_places_are_not_used_twice()
    {
        Refused("the name 'm1' already", Plan with { NewName = "m1" }, [Voter(1), Voter(2), Voter(3)], Well(1, 2, 3));
        Refused("at the same time", Plan with { NewUrls = ["http://m3:2380"] }, [Voter(1), Voter(2), Voter(3)], Well(1, 2, 3));
    }

    [Fact]
    public void One_that_is_down_may_be_replaced_in_its_place_under_its_name()
    {
        ReplacePlan inPlace = new("3", "m3", ["http://m3:2380"], WasRemoved: false);
        Member back = new() { ID = 9, PeerURLs = { "http://m3:2380" }, IsLearner = true };
        Assert.Equal(ReplaceStep.RemoveOldFirst, inPlace.Next([Voter(1), Voter(2), Voter(3)], Well(1, 2)));
        Assert.Equal(ReplaceStep.Promote, inPlace.Next([Voter(1), Voter(2), back], Well(1, 2)));
        back.Name = "m3";
        back.IsLearner = false;
        Assert.Equal(ReplaceStep.Done, inPlace.Next([Voter(1), Voter(2), back], Well(1, 2, 9)));
    }

    private static void Refused(string why, ReplacePlan plan, IReadOnlyList<Member> members, IReadOnlySet<ulong> healthy)
    {
        CommandFailedException refused = Assert.Throws<CommandFailedException>(() => plan.Next(members, healthy));
        Assert.Equal(ExitCode.Refused, refused.Code);
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private static Member Voter(ulong id) => new() { ID = id, Name = $"m{id}", PeerURLs = { $"http://m{id}:2380" }, ClientURLs = { $"http://m{id}:2379" } };

    private static Member New(bool learner) => new() { ID = 9, Name = learner ? string.Empty : "m4", PeerURLs = { "http://new:2380" }, IsLearner = learner };

    private static HashSet<ulong> Well(params ulong[] ids) => [.. ids];
}
