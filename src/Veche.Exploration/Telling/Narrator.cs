using Veche.Exploration.Members;
using Veche.Exploration.Search;
using Veche.Raft;

namespace Veche.Exploration.Telling;

/// <summary>Tells a way through the states so that a person can follow it.</summary>
internal static class Narrator
{
    public static MemberView ViewOf(MemberState member) => new(
        member.Core.Id,
        member.Core.Role,
        member.Core.Term,
        member.Core.CommitIndex,
        [.. member.Machine.Log.Select(static entry => entry.Term)],
        member.Core.Configuration);

    /// <summary>One line for the beginning, one for each move, and one for each member at the end.</summary>
    public static List<string> Tell(Scenario scenario, Universe universe, IReadOnlyList<Move> moves)
    {
        GlobalState state = universe.First;
        var lines = new List<string> { $"  0. {(scenario.BeginsLed ? "1 leads term 1, and everybody has its empty entry" : "nobody has voted, logs are empty")}; members {string.Join(", ", state.Members.Select(static member => member.Core.Id))}" };
        for (int i = 0; i < moves.Count; i++)
        {
            Move move = moves[i];
            MemberState before = state.Members[move.Member];
            Answer answer = universe.Members.AnswerOf(before, move);
            string[] sent = [.. answer.Sent.Where(message => !state.Network.Contains(message)).Select(message => Text(universe.Messages[message]))];
            string[] changes = [.. Changes(before.Machine, answer.Next.Machine), .. answer.Reads.Select(Text), .. sent.Select(static message => $"sends {message}")];
            lines.Add($"{i + 1,3}. {Text(scenario, universe, before, move)}{(changes.Length == 0 ? string.Empty : ": " + string.Join("; ", changes))}");
            if (i < moves.Count - 1)
            {
                state = universe.After(state, move) ?? throw new InvalidOperationException("A move that led on once does so no more: a state was not told apart from another.");
            }
            else
            {
                lines.AddRange(state.Members.Select((member, place) => "     " + Text(place == move.Member ? answer.Next.Machine : member.Machine)));
            }
        }

        return lines;
    }

    private static string Text(Scenario scenario, Universe universe, MemberState member, Move move)
    {
        MemberId id = member.Core.Id;
        int underWay = member.Machine.Pending.Length;
        return move.Kind switch
        {
            MoveKind.Deliver => $"{id} receives {Text(universe.Messages[move.Argument])}",
            MoveKind.Persist => $"{id}'s disk finishes a write",
            MoveKind.TimeOut => $"{id} times out",
            MoveKind.Heartbeat => $"{id} sends heartbeats",
            MoveKind.CheckQuorum => $"{id} looks back over an election timeout",
            MoveKind.Silence => $"{id} has not heard its leader for an election timeout",
            MoveKind.Crash => $"{id} crashes and restarts" + (underWay == 0 ? string.Empty : $" ({move.Argument} of {underWay} unfinished writes survive)"),
            MoveKind.Propose => $"{id} is asked to replicate command {move.Argument}",
            MoveKind.Read => $"{id} is asked for read {move.Argument}",
            MoveKind.Change => $"{id} is asked to change the members ({string.Join(", ", Text(scenario.Changes[move.Argument]))})",
            MoveKind.Transfer => $"{id} is asked to hand over to {Scenario.IdOf(move.Argument)}",
            _ => move.Kind.ToString(),
        };
    }

    private static IEnumerable<string> Text(ConfigurationChange change) =>
    [
        .. change.Operations.Select(static operation => $"{operation.Operation} {operation.Member}"),
        .. change.Priorities.Select(static given => $"priority of {given.Member} {given.Priority}"),
        .. change.Quorums is { } sizes ? [$"quorums: {sizes}"] : Enumerable.Empty<string>(),
    ];

    private static IEnumerable<string> Changes(Machine before, Machine after)
    {
        RaftCore old = before.Core;
        RaftCore now = after.Core;
        if (old.Role != now.Role || old.Term != now.Term)
        {
            yield return old.Role == now.Role ? $"goes to term {now.Term}" : $"becomes {Text(now.Role)} in term {now.Term}";
        }

        if ((old.Vote != now.Vote || old.Term != now.Term) && !now.Vote.IsNone)
        {
            yield return $"votes for {now.Vote}";
        }

        if (!before.Log.SequenceEqual(after.Log))
        {
            yield return $"its log is {Text(after.Log)}";
        }

        if (old.CommitIndex != now.CommitIndex)
        {
            yield return $"knows {now.CommitIndex} committed";
        }
    }

    private static string Text(Machine machine)
    {
        RaftCore core = machine.Core;
        return $"{core.Id}: {Text(core.Role)} in term {core.Term}, vote {(core.Vote.IsNone ? "none" : core.Vote)}, log {Text(machine.Log)}, durable {Text(machine.DurableLog)} in term {machine.DurableState.Term}, committed {core.CommitIndex}, {core.Configuration}";
    }

    private static string Text(Role role) => role switch
    {
        Role.PreCandidate => "pre-candidate",
        _ => role.ToString().ToLowerInvariant(),
    };

    private static string Text(IEnumerable<Entry> entries) => $"[{string.Join(' ', entries.Select(Text))}]";

    private static string Text(Entry entry) => entry.Kind switch
    {
        EntryKind.Command => $"{entry.Position} command {Descriptions.CommandOf(entry)}",
        EntryKind.Configuration => $"{entry.Position} configuration",
        _ => entry.Position.ToString(),
    };

    private static string Text(ReadOutcome read) =>
        read.Refusal == Refusal.None ? $"read {read.ReadId} is answered with {read.Index}" : $"read {read.ReadId} is refused";

    private static string Text(Message message)
    {
        string about = message switch
        {
            AppendRequest append => $"append of {(append.Entries.Count == 0 ? "nothing" : Text(append.Entries))} after {append.Previous} with commit {append.Commit}",
            AppendAccepted accepted => $"acceptance through {accepted.Match}",
            AppendRejected rejected => $"rejection of {rejected.RejectedIndex}, may match at {rejected.Hint}",
            Heartbeat heartbeat => heartbeat.Round == 0 ? $"word that {heartbeat.Commit} is committed" : $"heartbeat {heartbeat.Round} with commit {heartbeat.Commit}",
            HeartbeatReply reply => $"answer to heartbeat {reply.Round}",
            VoteRequest request => $"{(request.PreVote ? "pre-vote" : "vote")} request with last {request.Last}{(request.LeaderTransfer ? " after a hand-over" : string.Empty)}",
            VoteReply reply => $"{(reply.Granted ? "yes" : "no")} to a {(reply.PreVote ? "pre-vote" : "vote")}",
            TimeoutNow => "word to campaign now",
            ReadIndexRequest request => $"question for read {request.ReadId}",
            ReadIndexReply reply => reply.Refused ? $"refusal of read {reply.ReadId}" : $"index {reply.Index} for read {reply.ReadId}",
            _ => message.GetType().Name,
        };
        return $"{about} (term {message.Term}, {message.From} to {message.To})";
    }
}
