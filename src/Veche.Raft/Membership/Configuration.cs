namespace Veche.Raft;

/// <summary>
/// Who votes and who only listens. Immutable. While joint, a decision needs a majority of <see cref="Voters"/> and one of
/// <see cref="OutgoingVoters"/> (Raft §6), so no two decisions can be made by disjoint sets of members.
/// </summary>
public sealed class Configuration : IEquatable<Configuration>
{
    /// <summary>Most members of all kinds together.</summary>
    public const int MaxMembers = 1024;

    /// <summary>No members: a member that is yet to hear of its cluster.</summary>
    public static readonly Configuration Empty = new([], [], []);

    private readonly MemberId[] _voters;
    private readonly MemberId[] _outgoing;
    private readonly MemberId[] _learners;
    private readonly MemberId[] _all;

    private Configuration(MemberId[] voters, MemberId[] outgoing, MemberId[] learners)
    {
        _voters = voters;
        _outgoing = outgoing;
        _learners = learners;
        _all = Sorted([.. voters.Concat(outgoing).Concat(learners).Distinct()]);
    }

    /// <summary>The voters; while joint, those of the configuration that is being entered. In order of id.</summary>
    public IReadOnlyList<MemberId> Voters => _voters;

    /// <summary>While joint, the voters of the configuration that is being left; otherwise empty.</summary>
    public IReadOnlyList<MemberId> OutgoingVoters => _outgoing;

    /// <summary>Members that get the log and do not vote.</summary>
    public IReadOnlyList<MemberId> Learners => _learners;

    /// <summary>Everybody, in order of id.</summary>
    public IReadOnlyList<MemberId> AllMembers => _all;

    /// <summary>Between two configurations: decisions need a majority of both.</summary>
    public bool IsJoint => _outgoing.Length > 0;

    /// <summary>Makes a configuration and checks it.</summary>
    /// <exception cref="ArgumentException">A member is nobody or named twice, is both voter and learner, or there are too many.</exception>
    public static Configuration Of(IEnumerable<MemberId> voters, IEnumerable<MemberId>? learners = null, IEnumerable<MemberId>? outgoingVoters = null) =>
        TryMake([.. voters], [.. outgoingVoters ?? []], [.. learners ?? []], out Configuration? configuration, out string? reason)
            ? configuration
            : throw new ArgumentException(reason);

    /// <summary>True when it votes, in either half of a joint configuration.</summary>
    public bool IsVoter(MemberId member) => Array.IndexOf(_voters, member) >= 0 || Array.IndexOf(_outgoing, member) >= 0;

    /// <summary>True when it listens and does not vote.</summary>
    public bool IsLearner(MemberId member) => Array.IndexOf(_learners, member) >= 0;

    /// <summary>True when it is a member of any kind.</summary>
    public bool Contains(MemberId member) => Array.IndexOf(_all, member) >= 0;

    /// <summary>Size of a majority of the voters: floor(N/2) + 1; while joint, of the larger half.</summary>
    public int QuorumSize => Math.Max(_voters.Length, _outgoing.Length) / 2 + 1;

    /// <summary>True when those for whom the predicate holds can decide: a majority of each half. Never true without voters.</summary>
    public bool HasQuorum(Func<MemberId, bool> agrees) =>
        Quorum.HasMajority(_voters, agrees) && (_outgoing.Length == 0 || Quorum.HasMajority(_outgoing, agrees));

    /// <summary>True when so many are against that those left cannot decide any more.</summary>
    public bool IsLost(Func<MemberId, bool> against) => !HasQuorum(member => !against(member));

    /// <summary>The highest index that a quorum has reached, given how far each member is (Raft §5.3).</summary>
    public long QuorumIndex(Func<MemberId, long> reached)
    {
        long index = Quorum.MajorityIndex(_voters, reached);
        return _outgoing.Length == 0 ? index : Math.Min(index, Quorum.MajorityIndex(_outgoing, reached));
    }

    /// <summary>The configuration after a joint one: the outgoing half is gone.</summary>
    public Configuration LeaveJoint() => new(_voters, [], _learners);

    /// <inheritdoc/>
    public bool Equals(Configuration? other) =>
        other is not null && _voters.AsSpan().SequenceEqual(other._voters) && _outgoing.AsSpan().SequenceEqual(other._outgoing) && _learners.AsSpan().SequenceEqual(other._learners);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Configuration);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        ulong hash = 17;
        foreach (MemberId member in _all)
        {
            hash = (hash * 31) + member.Value;
        }

        return (int)(hash ^ (hash >> 32)) + _voters.Length + (_outgoing.Length << 8);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"voters {{{string.Join(' ', _voters)}}}" + (IsJoint ? $" leaving {{{string.Join(' ', _outgoing)}}}" : string.Empty) + (_learners.Length > 0 ? $" learners {{{string.Join(' ', _learners)}}}" : string.Empty);

    internal static bool TryMake(MemberId[] voters, MemberId[] outgoing, MemberId[] learners, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Configuration? configuration, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? reason)
    {
        configuration = null;
        voters = Sorted(voters);
        outgoing = Sorted(outgoing);
        learners = Sorted(learners);
        reason =
            voters.Length + outgoing.Length + learners.Length > MaxMembers ? $"A configuration has at most {MaxMembers} members."
            : HasRepeat(voters) || HasRepeat(outgoing) || HasRepeat(learners) ? "A configuration names a member twice."
            : voters.Concat(outgoing).Concat(learners).Any(static member => member.IsNone) ? "A configuration names nobody as a member."
            : learners.Any(learner => Array.IndexOf(voters, learner) >= 0 || Array.IndexOf(outgoing, learner) >= 0) ? "A configuration has a member as both voter and learner."
            : voters.Length == 0 && outgoing.Length > 0 ? "A joint configuration needs voters to enter."
            : null;
        if (reason is not null)
        {
            return false;
        }

        configuration = new Configuration(voters, outgoing, learners);
        return true;
    }

    private static MemberId[] Sorted(MemberId[] members)
    {
        Array.Sort(members);
        return members;
    }

    private static bool HasRepeat(MemberId[] sorted)
    {
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i] == sorted[i - 1])
            {
                return true;
            }
        }

        return false;
    }
}
