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

/// <summary>A change of the configuration: operations that take effect together, through a joint configuration whenever voters change (Raft §6).</summary>
/// <param name="Operations">What to do, in order.</param>
/// <param name="Context">Handed to the state machine with the change, for what it wants to know about the members. Opaque here.</param>
public sealed record ConfigurationChange(IReadOnlyList<(ConfigurationOperation Operation, MemberId Member)> Operations, ReadOnlyMemory<byte> Context)
{
    /// <summary>A change of one member.</summary>
    public static ConfigurationChange Of(ConfigurationOperation operation, MemberId member, ReadOnlyMemory<byte> context = default) => new([(operation, member)], context);

    /// <summary>The configuration to append first: joint when voters change, final when only learners do. False when an operation does not fit or no voter would be left.</summary>
    internal bool TryApply(Configuration current, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Configuration? next)
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
                return false;
            }
        }

        bool votersChange = !voters.Order().SequenceEqual(current.Voters);

        // Somebody who goes from voter to learner in one change would be both while joint.
        return Operations.Count > 0 && voters.Count > 0
            && Configuration.TryMake([.. voters], votersChange ? [.. current.Voters] : [], [.. learners], out next, out _);
    }

    private static bool Add(List<MemberId> members, MemberId member)
    {
        members.Add(member);
        return true;
    }
}
