using Veche.Raft;

namespace Veche.Exploration;

/// <summary>A cluster, how it begins, and the bounds within which everything that can happen to it is tried.</summary>
public sealed record Scenario
{
    /// <summary>What it is called on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it looks at, in a few words.</summary>
    public required string Description { get; init; }

    /// <summary>Voters at the start, 1 to 5. Default 3.</summary>
    public int Voters { get; init; } = 3;

    /// <summary>Members that are there and not in the configuration yet. Default 0; at most 6 members in all.</summary>
    public int Joiners { get; init; }

    /// <summary>The first member leads and everybody has its empty entry, and knows it committed, before anything is explored. Default false.</summary>
    public bool BeginsLed { get; init; }

    /// <summary>No member goes beyond this term. 1 to 100.</summary>
    public required int MaxTerm { get; init; }

    /// <summary>How often each kind of move may happen, 0 to 100; a kind that is not named does not happen. Timeouts that are not named are bounded by <see cref="MaxTerm"/> alone.</summary>
    public required IReadOnlyDictionary<MoveKind, int> Limits { get; init; }

    /// <summary>Writes become durable when the disk has had its turn, not at once, so that crashes and messages come in between. Default false.</summary>
    public bool SlowDisks { get; init; }

    /// <summary>As <see cref="RaftOptions.PreVote"/>. Default false: it only keeps members from doing what must be safe anyway.</summary>
    public bool PreVote { get; init; }

    /// <summary>As <see cref="RaftOptions.CheckQuorum"/>. Default false, for the same reason.</summary>
    public bool CheckQuorum { get; init; }

    /// <summary>As <see cref="RaftOptions.MaxEntriesPerAppend"/>. Default 1, so that a crash or a change of leaders can come between any two entries.</summary>
    public int MaxEntriesPerAppend { get; init; } = 1;

    /// <summary>Most arrivals of appends that do something. Default: any number.</summary>
    public int? MaxAppends { get; init; }

    /// <summary>Where each timeout is, one after the other, as places from 0; there are no more than these. Empty, the default, for anywhere.</summary>
    public IReadOnlyList<int> TimeOutsAt { get; init; } = [];

    /// <summary>The changes that a leader is asked for, in this order.</summary>
    public IReadOnlyList<ConfigurationChange> Changes { get; init; } = [];

    /// <summary>Priorities of founding voters, by place; the others have the default.</summary>
    public IReadOnlyList<(int Place, int Priority)> Priorities { get; init; } = [];

    /// <summary>Which founding voters are witnesses, by place. What entries say is not told apart here: the core has none of it.</summary>
    public IReadOnlyList<int> Witnesses { get; init; } = [];

    /// <summary>What must be reached in some state; when it is not, the scenario does not show what it is there to show.</summary>
    public IReadOnlyList<Sometimes> Sometimes { get; init; } = [];

    /// <summary>Members of all kinds.</summary>
    internal int Members => Voters + Joiners;

    internal int Limit(MoveKind kind) => kind == MoveKind.TimeOut && TimeOutsAt.Count > 0 ? TimeOutsAt.Count : Limits.TryGetValue(kind, out int limit) ? limit : kind == MoveKind.TimeOut ? int.MaxValue : 0;

    internal RaftOptions OptionsOf(MemberId member) => new()
    {
        Id = member,
        IsWitness = Witnesses.Select(IdOf).Contains(member),
        Seed = member.Value,
        ElectionTimeoutMs = 600_000,
        HeartbeatIntervalMs = 1,
        PreVote = PreVote,
        CheckQuorum = CheckQuorum,
        MaxEntriesPerAppend = MaxEntriesPerAppend,
    };

    internal Configuration Founders => Priorities.Aggregate(
        Configuration.Of(Enumerable.Range(0, Voters).Select(IdOf)).WithWitnesses([.. Witnesses.Select(IdOf)]),
        static (founders, given) => founders.WithPriority(IdOf(given.Place), given.Priority));

    internal static MemberId IdOf(int place) => new((ulong)place + 1);

    internal void Validate()
    {
        Check(Voters is >= 1 and <= 5 && Joiners >= 0 && Members <= 6, "there are 1 to 5 voters and at most 6 members");
        Check(MaxTerm is >= 1 and <= 100, "the last term is from 1 to 100");
        Check(Limits.Values.All(static limit => limit is >= 0 and <= 100), "each bound is from 0 to 100");
        Check(TimeOutsAt.All(place => place >= 0 && place < Members), "timeouts are at members that there are");
        Check(!Limits.ContainsKey(MoveKind.Deliver) && !Limits.ContainsKey(MoveKind.Persist), "deliveries and finished writes are not bounded");
    }

    private void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException($"scenario {Name}: {otherwise}");
        }
    }
}

/// <summary>Something that must be reached at least once, or the exploration has not looked at what it should.</summary>
/// <param name="Description">What, in a few words.</param>
/// <param name="Holds">Whether it is so among these members.</param>
public sealed record Sometimes(string Description, Func<IReadOnlyList<MemberView>, bool> Holds);

/// <summary>What can be seen of a member.</summary>
/// <param name="Id">Who.</param>
/// <param name="Role">What it is doing.</param>
/// <param name="Term">Its term.</param>
/// <param name="Commit">Last index it knows committed.</param>
/// <param name="LogTerms">The terms of its entries, from index 1 on.</param>
/// <param name="Configuration">The configuration in force there.</param>
public sealed record MemberView(MemberId Id, Role Role, long Term, long Commit, IReadOnlyList<long> LogTerms, Configuration Configuration);
