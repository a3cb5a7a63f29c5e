using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>Rules that one move of one member can break by itself.</summary>
internal static class MemberRules
{
    public static void Check(Machine before, Machine after, MoveKind kind)
    {
        RaftCore old = before.Core;
        RaftCore now = after.Core;
        string id = now.Id.ToString();
        CheckVote(id, "the durable vote", before.DurableState, after.DurableState);
        if (kind == MoveKind.Crash)
        {
            return;
        }

        CheckVote(id, "the vote", new HardState(old.Term, old.Vote), new HardState(now.Term, now.Vote));
        Require(now.CommitIndex >= old.CommitIndex, "a commit index never falls", $"that of {id} falls from {old.CommitIndex} to {now.CommitIndex}");
        Require(now.CommitIndex <= after.Log.Length, "what is committed is in the log", $"{id} calls {now.CommitIndex} committed and has {after.Log.Length} entries");
        Require(now.LastPosition.Index == after.Log.Length, "the core and the log agree on where it ends", $"{id}: {now.LastPosition} and {after.Log.Length}");
        if (old.Role == Role.Leader && now.Role == Role.Leader && old.Term == now.Term)
        {
            Require(after.Log.AsSpan().StartsWith(before.Log), "a leader only appends to its log (Raft §5.3)", $"{id} in term {now.Term} replaces or removes an entry of its own");
            Require(now.ConfigurationIndex == old.ConfigurationIndex || old.ConfigurationIndex <= now.CommitIndex, "a configuration changes only after the last change is committed (Raft §6)", $"{id} changes the configuration of {old.ConfigurationIndex} with {now.CommitIndex} committed");
        }
    }

    private static void CheckVote(string id, string what, HardState old, HardState now)
    {
        Require(now.Term >= old.Term, "terms never fall (Raft §5.1)", $"{what} of {id} goes from term {old.Term} back to {now.Term}");
        Require(now.Term > old.Term || old.Vote.IsNone || now.Vote == old.Vote, "one vote a term (Raft §5.2)", $"{what} of {id} in term {now.Term} goes from {old.Vote} to {(now.Vote.IsNone ? "nobody" : now.Vote)}");
    }

    private static void Require(bool holds, string rule, string detail)
    {
        if (!holds)
        {
            throw new BrokenRuleException(rule, detail);
        }
    }
}
