using System.Diagnostics.CodeAnalysis;

namespace Veche.Raft;

/// <summary>What is done to one member.</summary>
public enum ConfigurationOperation
{
    /// <summary>Make it a voter; it must not be a member yet.</summary>
    AddVoter,

    /// <summary>Make it a learner; it must not be a member yet.</summary>
    AddLearner,

    /// <summary>Make a learner a voter.</summary>
    Promote,

    /// <summary>Make it no member at all.</summary>
    Remove,
}

/// <summary>
/// A change of the configuration: everything in it takes effect together, through a joint configuration whenever voters or the sizes of quorums change (Raft §6).
/// Where they do not, every quorum before the change shares a member with every quorum after it, and one entry does.
/// </summary>
/// <param name="Operations">What to do with members, in order. May be empty when something else changes.</param>
/// <param name="Context">Handed to the state machine with the change, for what it wants to know about the members. Opaque here.</param>
public sealed record ConfigurationChange(IReadOnlyList<(ConfigurationOperation Operation, MemberId Member)> Operations, ReadOnlyMemory<byte> Context)
{
    /// <summary>New priorities (<see cref="Configuration.PriorityOf"/>), of members that are there after the operations. Default none.</summary>
    public IReadOnlyList<(MemberId Member, int Priority)> Priorities { get; init; } = [];

    /// <summary>Which of those that the operations add are witnesses. Who is a member already is what it is: to make it another, remove it and add one under another id. Default none.</summary>
    public IReadOnlyList<MemberId> Witnesses { get; init; } = [];

    /// <summary>New sizes of quorums, for the voters there are after the operations. Default null: they stay as they are.</summary>
    public QuorumSizes? Quorums { get; init; }

    /// <summary>A change of one member.</summary>
    public static ConfigurationChange Of(ConfigurationOperation operation, MemberId member, ReadOnlyMemory<byte> context = default) => new([(operation, member)], context);

    /// <summary>A change of one member's priority.</summary>
    public static ConfigurationChange OfPriority(MemberId member, int priority, ReadOnlyMemory<byte> context = default) => new([], context) { Priorities = [(member, priority)] };

    /// <summary>A change of the sizes of quorums.</summary>
    public static ConfigurationChange OfQuorums(QuorumSizes sizes, ReadOnlyMemory<byte> context = default) => new([], context) { Quorums = sizes };

    /// <summary>The configuration to append first: joint when voters or sizes of quorums change, final when nothing else does.</summary>
    /// <param name="current">The configuration in force, which is not joint.</param>
    /// <param name="next">The one to append.</param>
    /// <param name="reason">Otherwise, why not: an operation does not fit, or what comes out could not work.</param>
    public bool TryApply(Configuration current, [NotNullWhen(true)] out Configuration? next, [NotNullWhen(false)] out string? reason)
    {
        next = null;
        List<MemberId> voters = [.. current.Voters];
        List<MemberId> learners = [.. current.Learners];
        foreach ((ConfigurationOperation operation, MemberId member) in Operations)
        {
            bool known = voters.Contains(member) || learners.Contains(member);
            bool fits = operation switch
            {
                ConfigurationOperation.AddVoter => !known && Add(voters, member),
                ConfigurationOperation.AddLearner => !known && Add(learners, member),
                ConfigurationOperation.Promote => learners.Remove(member) && Add(voters, member),
                ConfigurationOperation.Remove => voters.Remove(member) || learners.Remove(member),
                _ => false,
            };
            if (!fits || member.IsNone)
            {
                reason = $"{operation} does not fit member {member}.";
                return false;
            }
        }

        if (Operations.Count + Priorities.Count == 0 && Quorums is null)
        {
            reason = "The change changes nothing.";
            return false;
        }

        if (voters.Count == 0)
        {
            reason = "No voter would be left.";
            return false;
        }

        if (WhyNotWitnesses(current) is { } mistaken)
        {
            reason = mistaken;
            return false;
        }

        MemberId[] witnesses = [.. current.Witnesses.Concat(Witnesses)];

        // A member that comes back comes back with the default.
        Dictionary<MemberId, int> priorities = voters.Concat(learners).ToDictionary(static member => member, member => witnesses.Contains(member) ? 0 : current.PriorityOf(member));
        foreach ((MemberId member, int priority) in Priorities)
        {
            if (!priorities.ContainsKey(member))
            {
                reason = $"Member {member} is not in the configuration.";
                return false;
            }

            priorities[member] = priority;
        }

        QuorumSizes quorums = Quorums ?? current.Quorums;
        bool isJoint = quorums != current.Quorums || !voters.Order().SequenceEqual(current.Voters);

        // Somebody who goes from voter to learner in one change would be both while joint.
        var parts = new Configuration.Parts([.. voters], isJoint ? [.. current.Voters] : [], [.. learners])
        {
            Quorums = quorums,
            OutgoingQuorums = isJoint ? current.Quorums : QuorumSizes.Majority,
            Priorities = priorities,
            Witnesses = witnesses,
        };
        return Configuration.TryMake(parts, out next, out reason);
    }

    /// <summary>
    /// While joint, a member is in both halves under one name, so it cannot be a witness in one and hold data in the other. And between two changes its log
    /// would be of one kind at its beginning and of another at its end.
    /// </summary>
    private string? WhyNotWitnesses(Configuration current)
    {
        foreach (MemberId witness in Witnesses)
        {
            if (current.Contains(witness))
            {
                return $"Member {witness} cannot become a witness: remove it and add a witness under another id.";
            }

            if (!Operations.Any(operation => operation.Member == witness && operation.Operation is ConfigurationOperation.AddVoter or ConfigurationOperation.AddLearner))
            {
                return $"Member {witness} is to be a witness and is not added.";
            }
        }

        foreach ((ConfigurationOperation operation, MemberId member) in Operations)
        {
            if (operation is ConfigurationOperation.AddVoter or ConfigurationOperation.AddLearner && current.IsWitness(member))
            {
                return $"Member {member} is a witness and has no data: add one under another id.";
            }
        }

        return null;
    }

    private static bool Add(List<MemberId> members, MemberId member)
    {
        members.Add(member);
        return true;
    }
}
