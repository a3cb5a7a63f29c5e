using Veche.Raft;

namespace Veche.Replica.Tests.Acknowledgements;

public sealed class AckRuleTests
{
    private static readonly Configuration Five = Configuration.Of(Enumerable.Range(1, 5).Select(M));

    [Fact]
    public void Each_rule_reaches_what_its_members_have_reached()
    {
        // Members 1 to 5 are at 9, 7, 5, 3, 1; the first leads.
        static long reached(MemberId member) => 11 - (2 * (long)member.Value);
        Assert.Equal(9, AckRule.Leader(AckStage.Durable).ReachedIndex(Five, M(1), reached));
        Assert.Equal(5, AckRule.Majority(AckStage.Durable).ReachedIndex(Five, M(1), reached));
        Assert.Equal(1, AckRule.All(AckStage.Durable).ReachedIndex(Five, M(1), reached));
        Assert.Equal([9, 7, 5, 3, 1], Enumerable.Range(1, 5).Select(count => AckRule.Members(count, AckStage.Durable).ReachedIndex(Five, M(1), reached)));
        Assert.Equal(0, AckRule.Members(6, AckStage.Durable).ReachedIndex(Five, M(1), reached));

        // Two zones of three, of which the one is at 9 and the others at 5 and 1.
        AckRule zones = AckRule.OfGroups(2, [[M(1), M(2)], [M(3), M(4)], [M(5)]], AckStage.Durable);
        Assert.Equal(5, zones.ReachedIndex(Five, M(1), reached));
        Assert.Equal(0, AckRule.OfGroups(2, [[M(1)], []], AckStage.Durable).ReachedIndex(Five, M(1), reached));
    }

    [Fact]
    public void A_witness_is_no_copy_for_any_rule()
    {
        // The two that are furthest are witnesses.
        static long reached(MemberId member) => member.Value >= 4 ? 100 : 10 - (long)member.Value;
        Configuration configuration = Five.WithWitnesses([M(4), M(5)]);
        Assert.Equal(9, configuration.QuorumIndex(reached));
        foreach (AckStage stage in Enum.GetValues<AckStage>())
        {
            Assert.Equal(9, AckRule.Leader(stage).ReachedIndex(configuration, M(1), reached));
            Assert.Equal(7, AckRule.Majority(stage).ReachedIndex(configuration, M(1), reached));
            Assert.Equal(7, AckRule.All(stage).ReachedIndex(configuration, M(1), reached));
            Assert.Equal([9, 8, 7, 0, 0], Enumerable.Range(1, 5).Select(count => AckRule.Members(count, stage).ReachedIndex(configuration, M(1), reached)));
            Assert.Equal(8, AckRule.OfGroups(2, [[M(1), M(4)], [M(2)], [M(5)]], stage).ReachedIndex(configuration, M(1), reached));
            Assert.Equal(0, AckRule.OfGroups(1, [[M(5)]], stage).ReachedIndex(configuration, M(1), reached));
        }

        var joint = Configuration.Of([M(1), M(2)], outgoingVoters: [M(1), M(3), M(5)]).WithWitnesses([M(5)]);
        Assert.Equal(7, AckRule.All(AckStage.Durable).ReachedIndex(joint, M(1), reached));
    }

    [Fact]
    public void While_members_change_all_are_those_of_both_configurations()
    {
        var joint = Configuration.Of([M(1), M(2)], outgoingVoters: [M(3)]);
        Assert.Equal(4, AckRule.All(AckStage.Durable).ReachedIndex(joint, M(1), static member => member.Value == 3 ? 4 : 8));
    }

    [Fact]
    public void Equal_rules_are_equal_values()
    {
        Assert.Equal(AckRule.OfGroups(1, [[M(1)], [M(2)]], AckStage.Durable), AckRule.OfGroups(1, [[M(1)], [M(2)]], AckStage.Durable));
        Assert.NotEqual(AckRule.OfGroups(1, [[M(1)], [M(2)]], AckStage.Durable), AckRule.OfGroups(1, [[M(1)], [M(3)]], AckStage.Durable));
        Assert.NotEqual(AckRule.Leader(AckStage.Received), AckRule.Leader(AckStage.Durable));
    }

    [Fact]
    public void Rules_that_can_never_hold_are_none()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => AckRule.Members(0, AckStage.Durable));
        Assert.Throws<ArgumentException>(static () => AckRule.OfGroups(2, [[M(1)]], AckStage.Durable));
    }

    private static MemberId M(int id) => new((ulong)id);
}
