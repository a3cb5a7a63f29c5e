using Veche.Raft;

namespace Veche.Replica;

/// <summary>How far an entry must have come at a member before that member counts.</summary>
public enum AckStage : byte
{
    /// <summary>In its memory: it may still forget it.</summary>
    Received = 0,

    /// <summary>On its disk, synced.</summary>
    Durable = 1,

    /// <summary>In its state machine, so that a read there shows it. Only what is committed is applied.</summary>
    Applied = 2,
}

/// <summary>Who must have reached the stage.</summary>
public enum AckBy : byte
{
    /// <summary>The leader.</summary>
    Leader = 0,

    /// <summary>A quorum of the voters, as for a commit.</summary>
    Majority = 1,

    /// <summary>Every voter.</summary>
    All = 2,

    /// <summary>So many voters, whichever.</summary>
    Members = 3,

    /// <summary>So many of some groups; a group has reached the stage when one of its members has.</summary>
    Groups = 4,
}

/// <summary>
/// When a submission is to be acknowledged, besides being applied where it was submitted. Only members with data count: what a witness has acknowledged is
/// not a copy, so a rule never holds because of one, and "every voter" means every voter with data. Members are judged by the configuration in force when
/// it is looked at, so a rule holds through changes of membership. Equal rules are equal values.
/// </summary>
public sealed class AckRule : IEquatable<AckRule>
{
    /// <summary>Most groups of a rule, and most members of all its groups together.</summary>
    public const int MaxGroups = 256;

    private readonly MemberId[][] _groups;

    private AckRule(AckStage stage, AckBy by, int count, MemberId[][] groups)
    {
        Stage = stage;
        By = by;
        Count = count;
        _groups = groups;
    }

    /// <summary>How far.</summary>
    public AckStage Stage { get; }

    /// <summary>Who.</summary>
    public AckBy By { get; }

    /// <summary>How many of the members or groups; 0 where that is not asked.</summary>
    public int Count { get; }

    /// <summary>The groups; empty for other rules.</summary>
    public IReadOnlyList<IReadOnlyList<MemberId>> Groups => _groups;

    /// <summary>The leader has it.</summary>
    public static AckRule Leader(AckStage stage) => new(stage, AckBy.Leader, 0, []);

    /// <summary>A quorum has it.</summary>
    public static AckRule Majority(AckStage stage) => new(stage, AckBy.Majority, 0, []);

    /// <summary>Every voter has it.</summary>
    public static AckRule All(AckStage stage) => new(stage, AckBy.All, 0, []);

    /// <summary>So many voters have it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1.</exception>
    public static AckRule Members(int count, AckStage stage)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new AckRule(stage, AckBy.Members, count, []);
    }

    /// <summary>So many of these groups have it: one group for each zone, or one for each member by name.</summary>
    /// <exception cref="ArgumentException">The count is less than 1 or more than there are groups, or the groups are empty or too many.</exception>
    public static AckRule OfGroups(int count, IReadOnlyList<IReadOnlyList<MemberId>> groups, AckStage stage)
    {
        int members = 0;
        foreach (IReadOnlyList<MemberId> group in groups)
        {
            members += group.Count;
        }

        return count >= 1 && count <= groups.Count && groups.Count <= MaxGroups && members <= MaxGroups
            ? new AckRule(stage, AckBy.Groups, count, [.. groups.Select(static group => group.ToArray())])
            : throw new ArgumentException($"{count} of {groups.Count} groups with {members} members cannot be waited for; at most {MaxGroups} are allowed.", nameof(count));
    }

    /// <summary>The last index for which the rule holds. It never holds for an index and not for one before it.</summary>
    /// <param name="configuration">Who votes.</param>
    /// <param name="leader">Who leads.</param>
    /// <param name="reached">How far each member is at this rule's stage.</param>
    public long ReachedIndex(Configuration configuration, MemberId leader, Func<MemberId, long> reached) => By switch
    {
        AckBy.Leader => reached(leader),
        AckBy.Majority => configuration.DataQuorumIndex(reached),
        AckBy.All => Math.Min(Lowest(WithData(configuration, configuration.Voters), reached), configuration.IsJoint ? Lowest(WithData(configuration, configuration.OutgoingVoters), reached) : long.MaxValue),
        AckBy.Members => Highest(Count, [.. WithData(configuration, configuration.Voters).Select(reached)]),
        _ => Highest(Count, [.. _groups.Select(group => WithData(configuration, group).Select(reached).DefaultIfEmpty().Max())]),
    };

    /// <inheritdoc/>
    public bool Equals(AckRule? other)
    {
        if (other is null || other.Stage != Stage || other.By != By || other.Count != Count || other._groups.Length != _groups.Length)
        {
            return false;
        }

        for (int i = 0; i < _groups.Length; i++)
        {
            if (!_groups[i].AsSpan().SequenceEqual(other._groups[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AckRule);

    /// <inheritdoc/>
    public override int GetHashCode() => ((int)Stage << 24) ^ ((int)By << 16) ^ (Count << 8) ^ _groups.Length;

    private static IReadOnlyList<MemberId> WithData(Configuration configuration, IReadOnlyList<MemberId> members) =>
        configuration.Witnesses.Count == 0 ? members : [.. members.Where(member => !configuration.IsWitness(member))];

    private static long Lowest(IReadOnlyList<MemberId> members, Func<MemberId, long> reached)
    {
        // Without voters nothing is reached by all of them.
        long lowest = members.Count == 0 ? 0 : long.MaxValue;
        foreach (MemberId member in members)
        {
            lowest = Math.Min(lowest, reached(member));
        }

        return lowest;
    }

    /// <summary>The index that so many of these have reached. Example: 2 of 9, 5, 7 gives 7. Fewer than so many: none.</summary>
    private static long Highest(int count, long[] reached)
    {
        if (count > reached.Length)
        {
            return 0;
        }

        Array.Sort(reached);
        return reached[^count];
    }
}
