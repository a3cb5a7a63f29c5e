using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Members;

namespace Veche.Simulation.Faults;

/// <summary>Who should rather lead, and how many decide: changed under way, but never so that those whose disks are whole could not go on.</summary>
internal sealed partial class Operator
{
    /// <summary>Changes somebody's priority, most often to or from "never".</summary>
    public void ChangePriority()
    {
        if (Leader() is { } leader && leader.Core.Configuration.AllMembers.Count > 0)
        {
            Tune(leader, ConfigurationChange.OfPriority(random.Pick(leader.Core.Configuration.AllMembers), random.Pick([0, 0, 1, 1, 2, 5])));
        }
    }

    /// <summary>Changes how many elect and how many commit; now and then back to majorities, or to what is not safe and must be refused.</summary>
    public void ChangeQuorumSizes()
    {
        if (Leader() is not { } leader || leader.Core.Configuration.Voters.Count == 0)
        {
            return;
        }

        int voters = leader.Core.Configuration.Voters.Count;
        int election = random.Between(random.Chance(0.1) ? 1 : (voters / 2) + 1, voters);
        int commit = random.Between(random.Chance(0.1) ? 1 : voters - election + 1, voters);
        Tune(leader, ConfigurationChange.OfQuorums(random.Chance(0.3) ? QuorumSizes.Majority : new QuorumSizes(election, commit)));
    }

    private void Tune(Member leader, ConfigurationChange change)
    {
        if (change.TryApply(leader.Core.Configuration, out Configuration? next, out _) && !world.Atlas.Survives(next))
        {
            return;
        }

        world.Count(change.Quorums is null ? "priorities changed" : "quorum sizes changed");
        world.Note(leader.Number, change.Quorums is { } sizes ? $"is asked for quorums: {sizes}" : $"is asked for priority {change.Priorities[0].Priority} of {change.Priorities[0].Member}");
        leader.Turn(new ReplicaInput.Reconfigure(++_token, change));
    }
}
