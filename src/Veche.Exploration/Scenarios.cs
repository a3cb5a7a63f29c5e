using Veche.Raft;

namespace Veche.Exploration;

/// <summary>The scenarios that are always explored. Their numbers of states are pinned by tests.</summary>
public static class Scenarios
{
    private static readonly Sometimes ALeaderOfALaterTerm = new("a leader of a later term commits", static members => members.Any(static member => member is { Role: Role.Leader, Term: > 1 } && member.Commit > 0 && member.LogTerms[(int)member.Commit - 1] == member.Term));

    private static readonly Sometimes TwoLeaders = new("two members lead, in different terms", static members => members.Count(static member => member.Role == Role.Leader) > 1);

    private static readonly Sometimes LogsConflict = new("two logs conflict", static members => members.Any(member => members.Any(other => member.LogTerms.Zip(other.LogTerms).Any(static terms => terms.First != terms.Second))));

    /// <summary>All of them, in the order in which they are explored.</summary>
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new()
        {
            Name = "election",
            Description = "members campaign against each other",
            MaxTerm = 2,
            Limits = Bounds((MoveKind.TimeOut, 2)),
            Sometimes = [TwoLeaders],
        },
        new()
        {
            Name = "crash",
            Description = "crashes between a vote, its becoming durable and its being said",
            MaxTerm = 1,
            SlowDisks = true,
            Limits = Bounds((MoveKind.TimeOut, 3), (MoveKind.Crash, 2)),
        },
        new()
        {
            Name = "replication",
            Description = "commands are replicated while the leader is replaced",
            BeginsLed = true,
            MaxTerm = 2,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Propose, 1)),
            Sometimes = [TwoLeaders, LogsConflict, ALeaderOfALaterTerm],
        },
        new()
        {
            Name = "commit-crash",
            Description = "crashes between an entry's being written, durable, acknowledged and committed",
            BeginsLed = true,
            MaxTerm = 2,
            SlowDisks = true,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Crash, 1)),
            Sometimes = [ALeaderOfALaterTerm],
        },
        new()
        {
            Name = "figure8",
            Description = "leaders of four terms one after the other, so that an entry of an earlier term reaches a majority (Raft, figure 8)",
            BeginsLed = true,
            MaxTerm = 4,
            MaxAppends = 2,
            TimeOutsAt = [2, 0, 2],
            Limits = Bounds((MoveKind.Propose, 1)),
            Sometimes = [LogsConflict],
        },
        new()
        {
            Name = "read",
            Description = "reads at any member while the leader is replaced",
            BeginsLed = true,
            MaxTerm = 2,
            MaxAppends = 3,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Propose, 1), (MoveKind.Read, 1)),
            Sometimes = [TwoLeaders],
        },
        new()
        {
            Name = "membership",
            Description = "a voter is replaced by a new one, through a joint configuration, while the leader is replaced",
            BeginsLed = true,
            Joiners = 1,
            MaxTerm = 2,
            MaxAppends = 4,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Change, 1)),
            Changes =
            [
                new ConfigurationChange([(ConfigurationOperation.AddVoter, Scenario.IdOf(3)), (ConfigurationOperation.Remove, Scenario.IdOf(2))], default),
            ],
            Sometimes = [new("a joint configuration is left", static members => members.Any(static member => !member.Configuration.IsJoint && member.Configuration.IsVoter(new MemberId(4))))],
        },
        new()
        {
            Name = "changes",
            Description = "a member is added and promoted, as fast as the leader takes it",
            BeginsLed = true,
            Joiners = 1,
            MaxTerm = 1,
            MaxAppends = 6,
            Limits = Bounds((MoveKind.Change, 2)),
            Changes =
            [
                ConfigurationChange.Of(ConfigurationOperation.AddLearner, Scenario.IdOf(3)),
                ConfigurationChange.Of(ConfigurationOperation.Promote, Scenario.IdOf(3)),
            ],
            Sometimes = [new("a joint configuration is left", static members => members.Any(static member => !member.Configuration.IsJoint && member.Configuration.IsVoter(new MemberId(4))))],
        },
        new()
        {
            Name = "quorums",
            Description = "all votes to elect and one disk to commit, decided while the leader is replaced",
            BeginsLed = true,
            MaxTerm = 2,
            MaxAppends = 3,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Change, 1)),
            Changes = [ConfigurationChange.OfQuorums(new QuorumSizes(3, 1))],
            Sometimes = [new("one disk commits", static members => members.Any(static member => member is { Role: Role.Leader, Configuration: { IsJoint: false, Quorums.Commit: 1 } } && member.Commit == member.LogTerms.Count))],
        },
        new()
        {
            Name = "quorums-refused",
            Description = "sizes that do not intersect are asked for, and refused",
            BeginsLed = true,
            MaxTerm = 2,
            MaxAppends = 3,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Change, 1)),
            Changes = [ConfigurationChange.OfQuorums(new QuorumSizes(2, 1))],
            Sometimes = [ALeaderOfALaterTerm],
        },
        new()
        {
            Name = "priority",
            Description = "one should rather lead and one never, which holds what the other lacks when the leader goes",
            BeginsLed = true,
            MaxTerm = 3,
            MaxAppends = 2,
            Priorities = [(1, 2), (2, 0)],
            TimeOutsAt = [1, 2],
            Limits = Bounds((MoveKind.Propose, 1), (MoveKind.CheckQuorum, 1)),
            Sometimes = [new("who may not lead brings up to date who may", static members => members.Any(static member => member is { Role: Role.Leader, Term: > 1 } && member.Id == Scenario.IdOf(2)))],
        },
        new()
        {
            Name = "witness",
            Description = "one of three holds no data, and helps to commit while its leader crashes or is replaced",
            BeginsLed = true,
            MaxTerm = 2,
            MaxAppends = 3,
            SlowDisks = true,
            Witnesses = [2],
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Propose, 1), (MoveKind.Crash, 1)),
            Sometimes =
            [
                new("a witness stands in for a copy", static members => members.Any(member => member.Role == Role.Leader && members.Any(other => other.Id != member.Id && other.Id != Scenario.IdOf(2) && other.LogTerms.Count < member.Commit))),
                ALeaderOfALaterTerm,
            ],
        },
        new()
        {
            Name = "transfer",
            Description = "leadership is handed over while others campaign",
            BeginsLed = true,
            MaxTerm = 3,
            MaxAppends = 1,
            PreVote = true,
            CheckQuorum = true,
            Limits = Bounds((MoveKind.TimeOut, 1), (MoveKind.Transfer, 1)),
        },
        new()
        {
            Name = "prevote",
            Description = "members ask before they campaign, and refuse while they hear a leader",
            PreVote = true,
            CheckQuorum = true,
            MaxTerm = 2,
            MaxAppends = 1,
            Limits = Bounds((MoveKind.TimeOut, 2), (MoveKind.Silence, 1)),
        },
    ];

    private static Dictionary<MoveKind, int> Bounds(params (MoveKind Kind, int Limit)[] bounds) => bounds.ToDictionary(static bound => bound.Kind, static bound => bound.Limit);
}
