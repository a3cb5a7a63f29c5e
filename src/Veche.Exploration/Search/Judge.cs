using Veche.Exploration.Members;
using Veche.Raft;

namespace Veche.Exploration.Search;

/// <summary>The properties of Raft's Figure 3, and that reads are linearizable: checked for every move, against all that has happened before.</summary>
internal sealed class Judge(Scenario scenario, Symmetry symmetry)
{
    /// <summary>What has happened once a member has moved. Only what the move can have changed is looked at.</summary>
    /// <exception cref="BrokenRuleException">A rule is broken.</exception>
    public Past Check(GlobalState before, Move move, Answer answer)
    {
        Machine moved = answer.Next.Machine;
        Past past = before.Past;
        if (move.Kind == MoveKind.Read && !answer.Refused)
        {
            past = past.WithReadAsked(symmetry);
        }

        past = CheckReads(past, answer);
        past = CheckLeader(past, moved);
        past = CheckCommitted(past, before, move.Member, moved);
        CheckLogs(before, move.Member, moved);
        return past;
    }

    private Past CheckReads(Past past, Answer answer)
    {
        foreach (ReadOutcome read in answer.Reads)
        {
            long floor = past.Floors[read.ReadId - 1];
            Require(floor >= 0, "a read is answered once", $"{answer.Next.Core.Id} answers read {read.ReadId} again");
            Require(read.Refusal != Refusal.None || read.Index >= floor, "reads are linearizable", $"read {read.ReadId} at {answer.Next.Core.Id} is answered with {read.Index}, but {floor} was committed when it was asked");
            past = past.WithReadAnswered(read.ReadId, symmetry);
        }

        return past;
    }

    private Past CheckLeader(Past past, Machine moved)
    {
        RaftCore core = moved.Core;
        if (core.Role != Role.Leader)
        {
            return past;
        }

        MemberId known = past.Leaders[core.Term];
        Require(known.IsNone || known == core.Id, "one leader a term (election safety, Raft §5.2)", $"{known} and {core.Id} both lead term {core.Term}");
        RequireComplete(past, moved);
        return known.IsNone ? past.WithLeader(core.Term, core.Id, symmetry) : past;
    }

    private static void RequireComplete(Past past, Machine leader)
    {
        foreach (Past.CommittedEntry committed in past.Committed)
        {
            Require(
                committed.InTerm >= leader.Core.Term || Holds(leader.Log, committed.Entry),
                "a leader has all that was committed before (leader completeness, Raft §5.4)",
                $"{committed.Entry.Position} was committed in term {committed.InTerm}, and {leader.Core.Id}, leader of term {leader.Core.Term}, does not have it");
        }
    }

    private Past CheckCommitted(Past past, GlobalState before, int place, Machine moved)
    {
        int known = past.Committed.Length;
        int commit = (int)Math.Min(moved.Core.CommitIndex, moved.Log.Length);
        for (int i = 0; i < Math.Min(commit, known); i++)
        {
            Require(
                moved.Log[i].Term == past.Committed[i].Entry.Term && Same(moved.Log[i], past.Committed[i].Entry),
                "what is committed never changes (state machine safety, Raft §5.4.3)",
                $"{past.Committed[i].Entry.Position} was committed, and {moved.Core.Id} calls {moved.Log[i].Position} committed");
        }

        if (commit > known)
        {
            Entry last = moved.Log[commit - 1];
            Require(
                moved.Core.Configuration.HasCommitQuorum(id => Holds(id == moved.Core.Id ? moved.DurableLog : before.Members[id.Value - 1].Machine.DurableLog, last)),
                "what is committed is durable on a quorum",
                $"{moved.Core.Id} calls {last.Position} committed in term {moved.Core.Term}, and it is not durable on a majority of {moved.Core.Configuration}");
            past = past.WithCommitted(moved.Log[known..commit].Select(entry => new Past.CommittedEntry(entry, moved.Core.Term)), symmetry);
            for (int i = 0; i < before.Members.Length; i++)
            {
                Machine other = before.Members[i].Machine;
                if (i != place && other.Core.Role == Role.Leader)
                {
                    RequireComplete(past, other);
                }
            }
        }

        if (scenario.Changes.Count == 0 && !ReferenceEquals(moved.DurableLog, before.Members[place].Machine.DurableLog))
        {
            RequireKept(past, before, moved);
        }

        return past;
    }

    private void RequireKept(Past past, GlobalState before, Machine moved)
    {
        foreach (Past.CommittedEntry committed in past.Committed)
        {
            Require(
                scenario.Founders.HasCommitQuorum(id => Holds(id == moved.Core.Id ? moved.DurableLog : before.Members[id.Value - 1].Machine.DurableLog, committed.Entry)),
                "what is committed stays durable on a quorum",
                $"{moved.Core.Id} removes {committed.Entry.Position}, which was committed in term {committed.InTerm}, and no majority has it any more");
        }
    }

    // Equal index and term mean equal entries, and equal entries before them (log matching, Raft §5.3).
    private static void CheckLogs(GlobalState before, int place, Machine moved)
    {
        if (ReferenceEquals(moved.Log, before.Members[place].Machine.Log))
        {
            return;
        }

        for (int i = 0; i < before.Members.Length; i++)
        {
            Entry[] other = before.Members[i].Machine.Log;
            int last = i == place ? 0 : Math.Min(other.Length, moved.Log.Length);
            while (last > 0 && other[last - 1].Term != moved.Log[last - 1].Term)
            {
                last--;
            }

            for (int at = 0; at < last; at++)
            {
                Require(
                    Same(moved.Log[at], other[at]),
                    "logs that share an entry share all before it (log matching, Raft §5.3)",
                    $"{moved.Core.Id} and {before.Members[i].Core.Id} both have {moved.Log[last - 1].Position}, and differ at {moved.Log[at].Position} and {other[at].Position}");
            }
        }
    }

    private static bool Holds(Entry[] log, Entry entry) => log.Length >= entry.Index && log[entry.Index - 1].Term == entry.Term;

    private static bool Same(in Entry left, in Entry right) =>
        left.Position == right.Position && left.Kind == right.Kind && left.Data.Span.SequenceEqual(right.Data.Span);

    private static void Require(bool holds, string rule, string detail)
    {
        if (!holds)
        {
            throw new BrokenRuleException(rule, detail);
        }
    }
}
