using System.Diagnostics.CodeAnalysis;

namespace Veche.Raft;

/// <summary>
/// Who votes and who only listens, how many votes decide, and who should rather lead. Immutable. While joint, a decision needs a quorum of
/// <see cref="Voters"/> and one of <see cref="OutgoingVoters"/>, each by its own sizes (Raft §6), so no two decisions can be made by sets of members that do not meet.
/// </summary>
public sealed class Configuration : IEquatable<Configuration>
{
    /// <summary>Most members of all kinds together.</summary>
    public const int MaxMembers = 1024;

    /// <summary>Priority of a member for which nothing else was said.</summary>
    public const int DefaultPriority = 1;

    /// <summary>Highest priority.</summary>
    public const int MaxPriority = 1_000_000;

    /// <summary>No members: a member that is yet to hear of its cluster.</summary>
    public static readonly Configuration Empty = new([], [], [], []);

    private readonly MemberId[] _voters;
    private readonly MemberId[] _outgoing;
    private readonly MemberId[] _learners;
    private readonly MemberId[] _all;

    /// <summary>Only what differs from the default; never changed after construction.</summary>
    private readonly SortedDictionary<MemberId, int> _priorities = [];

    private readonly MemberId[] _witnesses;

    private Configuration(MemberId[] voters, MemberId[] outgoing, MemberId[] learners, MemberId[] witnesses)
    {
        _voters = voters;
        _outgoing = outgoing;
        _learners = learners;
        _witnesses = witnesses;
        _all = Sorted([.. voters.Concat(outgoing).Concat(learners).Distinct()]);
    }

    /// <summary>The voters; while joint, those of the configuration that is being entered. In order of id.</summary>
    public IReadOnlyList<MemberId> Voters => _voters;

    /// <summary>While joint, the voters of the configuration that is being left; otherwise empty.</summary>
    public IReadOnlyList<MemberId> OutgoingVoters => _outgoing;

    /// <summary>Members that get the log and do not vote.</summary>
    public IReadOnlyList<MemberId> Learners => _learners;

    /// <summary>Members, voters or about to be, that hold the terms of entries but not what is in them. In order of id. What a member is in this does not change while it is one.</summary>
    public IReadOnlyList<MemberId> Witnesses => _witnesses;

    /// <summary>Everybody, in order of id.</summary>
    public IReadOnlyList<MemberId> AllMembers => _all;

    /// <summary>Between two configurations: decisions need a quorum of both.</summary>
    public bool IsJoint => _outgoing.Length > 0;

    /// <summary>How many of <see cref="Voters"/> decide. Default majorities.</summary>
    public QuorumSizes Quorums { get; private init; }

    /// <summary>While joint, how many of <see cref="OutgoingVoters"/> decide.</summary>
    public QuorumSizes OutgoingQuorums { get; private init; }

    /// <summary>Makes a configuration of majorities in which everybody has the default priority, and checks it.</summary>
    /// <exception cref="ArgumentException">A member is nobody or named twice, is both voter and learner, or there are too many.</exception>
    public static Configuration Of(IEnumerable<MemberId> voters, IEnumerable<MemberId>? learners = null, IEnumerable<MemberId>? outgoingVoters = null) =>
        TryMake(new Parts([.. voters], [.. outgoingVoters ?? []], [.. learners ?? []]), out Configuration? configuration, out string? reason)
            ? configuration
            : throw new ArgumentException(reason);

    /// <summary>True when it votes, in either half of a joint configuration.</summary>
    public bool IsVoter(MemberId member) => Array.IndexOf(_voters, member) >= 0 || Array.IndexOf(_outgoing, member) >= 0;

    /// <summary>True when it listens and does not vote.</summary>
    public bool IsLearner(MemberId member) => Array.IndexOf(_learners, member) >= 0;

    /// <summary>True when it holds no data: its vote and its acknowledgement count as anybody's, but what it acknowledges cannot be had from it.</summary>
    public bool IsWitness(MemberId member) => _witnesses.Length > 0 && Array.IndexOf(_witnesses, member) >= 0;

    /// <summary>True when it votes for what is being entered, is no witness, and its priority is above 0.</summary>
    public bool MayTakeOver(MemberId member) => Array.IndexOf(_voters, member) >= 0 && PriorityOf(member) > 0;

    /// <summary>True when it is a member of any kind.</summary>
    public bool Contains(MemberId member) => Array.IndexOf(_all, member) >= 0;

    /// <summary>Who should rather lead: a voter with a higher number takes over once it has caught up; one with 0 never leads. Default 1, up to <see cref="MaxPriority"/>; always 0 for a witness.</summary>
    public int PriorityOf(MemberId member) => IsWitness(member) ? 0 : _priorities.Count == 0 ? DefaultPriority : _priorities.GetValueOrDefault(member, DefaultPriority);

    /// <summary>How many have to hold an entry for it to be committed; while joint, of the half that needs more.</summary>
    public int QuorumSize => Math.Max(Quorums.CommitOf(_voters.Length), _outgoing.Length == 0 ? 0 : OutgoingQuorums.CommitOf(_outgoing.Length));

    /// <summary>True when those for whom the predicate holds can both elect and commit. Never true without voters.</summary>
    public bool HasQuorum(Func<MemberId, bool> agrees) => HasElectionQuorum(agrees) && HasCommitQuorum(agrees);

    /// <summary>True when those for whom the predicate holds can elect a leader: enough of each half. Never true without voters.</summary>
    public bool HasElectionQuorum(Func<MemberId, bool> agrees) =>
        Quorum.Has(_voters, Quorums.ElectionOf(_voters.Length), agrees) && (_outgoing.Length == 0 || Quorum.Has(_outgoing, OutgoingQuorums.ElectionOf(_outgoing.Length), agrees));

    /// <summary>
    /// True when what is held by those for whom the predicate holds is committed: enough of each half. They also share a member with everybody who could
    /// elect another leader, so when all of them still follow this one, there is no other: what reads, leases and check-quorum ask for.
    /// </summary>
    public bool HasCommitQuorum(Func<MemberId, bool> agrees) =>
        Quorum.Has(_voters, Quorums.CommitOf(_voters.Length), agrees) && (_outgoing.Length == 0 || Quorum.Has(_outgoing, OutgoingQuorums.CommitOf(_outgoing.Length), agrees));

    /// <summary>True when so many are against that those left cannot elect any more.</summary>
    public bool IsLost(Func<MemberId, bool> against) => !HasElectionQuorum(member => !against(member));

    /// <summary>The highest index that a commit quorum has reached, given how far each member is (Raft §5.3).</summary>
    public long QuorumIndex(Func<MemberId, long> reached)
    {
        long index = Quorum.Index(_voters, Quorums.CommitOf(_voters.Length), reached);
        return _outgoing.Length == 0 ? index : Math.Min(index, Quorum.Index(_outgoing, OutgoingQuorums.CommitOf(_outgoing.Length), reached));
    }

    /// <summary>The highest index for which as many members with data as a commit needs have reached it. Not more than <see cref="QuorumIndex"/>, and less when witnesses make up for members that are behind.</summary>
    public long DataQuorumIndex(Func<MemberId, long> reached) => _witnesses.Length == 0 ? QuorumIndex(reached) : QuorumIndex(member => IsWitness(member) ? 0 : reached(member));

    /// <summary>The same where these are witnesses: for the first members of a cluster. A running one gets a witness by <see cref="ConfigurationChange.Witnesses"/>.</summary>
    /// <exception cref="ArgumentException">One is no member, or so many cannot be; says why.</exception>
    public Configuration WithWitnesses(IReadOnlyCollection<MemberId> witnesses) => witnesses.All(Contains)
        ? Remade(ToParts() with { Witnesses = [.. witnesses] })
        : throw new ArgumentException("A witness is not in the configuration.");

    /// <summary>The same with other sizes of quorums.</summary>
    /// <exception cref="ArgumentException">They are not safe for so many voters; says why.</exception>
    public Configuration WithQuorums(QuorumSizes quorums) => Remade(ToParts() with { Quorums = quorums });

    /// <summary>The same with another priority of a member.</summary>
    /// <exception cref="ArgumentException">It is no member, the priority is out of its range, or nobody who votes could ever lead.</exception>
    public Configuration WithPriority(MemberId member, int priority) => Contains(member)
        ? Remade(ToParts() with { Priorities = new Dictionary<MemberId, int>(_priorities) { [member] = priority } })
        : throw new ArgumentException($"Member {member} is not in the configuration.");

    /// <summary>The configuration after a joint one: the outgoing half is gone.</summary>
    public Configuration LeaveJoint() => Remade(ToParts() with { Outgoing = [], OutgoingQuorums = QuorumSizes.Majority });

    /// <inheritdoc/>
    public bool Equals(Configuration? other) =>
        other is not null && _voters.AsSpan().SequenceEqual(other._voters) && _outgoing.AsSpan().SequenceEqual(other._outgoing) && _learners.AsSpan().SequenceEqual(other._learners)
        && Quorums == other.Quorums && OutgoingQuorums == other.OutgoingQuorums && _priorities.SequenceEqual(other._priorities)
        && _witnesses.AsSpan().SequenceEqual(other._witnesses);

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
        $"voters {{{string.Join(' ', _voters)}}}"
        + (Quorums == QuorumSizes.Majority ? string.Empty : $" ({Quorums})")
        + (IsJoint ? $" leaving {{{string.Join(' ', _outgoing)}}}" + (OutgoingQuorums == QuorumSizes.Majority ? string.Empty : $" ({OutgoingQuorums})") : string.Empty)
        + (_learners.Length > 0 ? $" learners {{{string.Join(' ', _learners)}}}" : string.Empty)
        + (_witnesses.Length > 0 ? $" witnesses {{{string.Join(' ', _witnesses)}}}" : string.Empty)
        + (_priorities.Count > 0 ? $" priorities {{{string.Join(' ', _priorities.Select(static pair => $"{pair.Key}:{pair.Value}"))}}}" : string.Empty);

    /// <summary>Everything that it is made of. What is said of those who are no members is left out.</summary>
    internal sealed record Parts(MemberId[] Voters, MemberId[] Outgoing, MemberId[] Learners)
    {
        public QuorumSizes Quorums { get; init; }

        public QuorumSizes OutgoingQuorums { get; init; }

        public IReadOnlyDictionary<MemberId, int> Priorities { get; init; } = new Dictionary<MemberId, int>();

        public MemberId[] Witnesses { get; init; } = [];
    }

    internal Parts ToParts() => new([.. _voters], [.. _outgoing], [.. _learners]) { Quorums = Quorums, OutgoingQuorums = OutgoingQuorums, Priorities = _priorities, Witnesses = [.. _witnesses] };

    internal static bool TryMake(Parts parts, [NotNullWhen(true)] out Configuration? configuration, [NotNullWhen(false)] out string? reason)
    {
        configuration = null;
        MemberId[] voters = Sorted(parts.Voters);
        MemberId[] outgoing = Sorted(parts.Outgoing);
        MemberId[] learners = Sorted(parts.Learners);
        MemberId[] witnesses = Sorted([.. parts.Witnesses.Where(witness => voters.Contains(witness) || outgoing.Contains(witness) || learners.Contains(witness))]);
        reason =
            voters.Length + outgoing.Length + learners.Length > MaxMembers ? $"A configuration has at most {MaxMembers} members."
            : HasRepeat(voters) || HasRepeat(outgoing) || HasRepeat(learners) || HasRepeat(witnesses) ? "A configuration names a member twice."
            : voters.Concat(outgoing).Concat(learners).Any(static member => member.IsNone) ? "A configuration names nobody as a member."
            : learners.Any(learner => Array.IndexOf(voters, learner) >= 0 || Array.IndexOf(outgoing, learner) >= 0) ? "A configuration has a member as both voter and learner."
            : voters.Length == 0 && outgoing.Length > 0 ? "A joint configuration needs voters to enter."
            : parts.Priorities.Values.Any(static priority => priority is < 0 or > MaxPriority) ? $"A priority goes from 0 to {MaxPriority}."
            : witnesses.Any(witness => parts.Priorities.GetValueOrDefault(witness) != 0) ? "A witness never leads, so it has no priority above 0."
            : (WhyUnsafe(voters, parts.Quorums, witnesses) ?? WhyUnsafe(outgoing, parts.OutgoingQuorums, witnesses)) is { } unsafeSizes ? unsafeSizes
            : voters.Length > 0 && voters.All(voter => witnesses.Contains(voter) || parts.Priorities.GetValueOrDefault(voter, DefaultPriority) == 0) ? "Every voter has priority 0 or is a witness, so nobody could ever lead: give at least one of them another."
            : null;
        if (reason is not null)
        {
            return false;
        }

        configuration = new Configuration(voters, outgoing, learners, witnesses) { Quorums = parts.Quorums, OutgoingQuorums = parts.OutgoingQuorums };
        foreach ((MemberId member, int priority) in parts.Priorities)
        {
            if (priority != DefaultPriority && configuration.Contains(member) && !configuration.IsWitness(member))
            {
                configuration._priorities[member] = priority;
            }
        }

        return true;
    }

    private static string? WhyUnsafe(MemberId[] voters, QuorumSizes sizes, MemberId[] witnesses)
    {
        if (voters.Length == 0)
        {
            return sizes == QuorumSizes.Majority ? null : "Sizes of quorums need voters.";
        }

        return sizes.Fit(voters.Length, voters.Count(witnesses.Contains), out string? reason) ? null : char.ToUpperInvariant(reason[0]) + reason[1..] + ".";
    }

    private static Configuration Remade(Parts parts) =>
        TryMake(parts, out Configuration? configuration, out string? reason) ? configuration : throw new ArgumentException(reason);

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
