namespace Veche.Raft;

/// <summary>The follower's side of replication (Raft §5.3).</summary>
public sealed partial class RaftCore
{
    private void OnAppend(AppendRequest append)
    {
        HearLeader(append.From);
        RequireOwnKind(append);
        if (append.Previous.Index < CommitIndex)
        {
            // Committed entries are the leader's own; say how far that is known to be so.
            Accept(append.From, CommitIndex);
            return;
        }

        if (!_trail.Matches(append.Previous))
        {
            LogPosition hint = _trail.FurthestThatMayMatch(append.Previous);
            Send(new AppendRejected(Id, append.From, Term, append.Previous.Index, hint));
            return;
        }

        if (!IsWellFormed(append))
        {
            return;
        }

        TakeEntries(append);

        // Only what this very message has verified may be called committed; what lies behind it may be another leader's.
        long verified = append.Previous.Index + append.Entries.Count;
        CommitIndex = Math.Max(CommitIndex, Math.Min(append.Commit, verified));
        ReportReceived(append, verified);
        Accept(append.From, verified);
    }

    private void TakeEntries(AppendRequest append)
    {
        for (int i = 0; i < append.Entries.Count; i++)
        {
            Entry entry = append.Entries[i];
            if (entry.Index <= LastPosition.Index)
            {
                if (_trail.TermAt(entry.Index) == entry.Term)
                {
                    continue;
                }

                // Raft §5.3: only a conflict removes entries. An append that is shorter than the log may be an old one that was overtaken.
                TruncateLog(entry.Index - 1);
            }

            AppendToLog(entry.Term, entry.Kind, entry.Data, ConfigurationOf(entry));
        }
    }

    private static bool IsWellFormed(AppendRequest append)
    {
        LogPosition previous = append.Previous;
        for (int i = 0; i < append.Entries.Count; i++)
        {
            Entry entry = append.Entries[i];
            if (entry.Index != previous.Index + 1 || entry.Term < previous.Term || entry.Term > append.Term)
            {
                return false;
            }

            previous = entry.Position;
        }

        return true;
    }

    private Configuration? ConfigurationOf(in Entry entry)
    {
        if (entry.Kind != EntryKind.Configuration)
        {
            return null;
        }

        return ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _)
            ? OfOwnKind(configuration)
            : throw new InvariantBrokenException($"The configuration in entry {entry.Position} is in a format this version does not know. Run the version that wrote it, or a later one.");
    }

    /// <summary>Says that the log equals the leader's through an index; only once that, and the term it is said in, cannot be forgotten.</summary>
    private void Accept(MemberId leader, long match)
    {
        var accepted = new AppendAccepted(Id, leader, Term, match);
        if (match <= PersistedIndex && IsHardStateDurable)
        {
            Send(accepted);
        }
        else
        {
            SendAfterWrite(accepted);
        }
    }

    private void OnHeartbeat(Heartbeat heartbeat)
    {
        HearLeader(heartbeat.From);
        if (heartbeat.Commit > LastPosition.Index)
        {
            throw new InvariantBrokenException($"The leader of term {Term} knows entry {heartbeat.Commit} to be here, but the log ends at {LastPosition}: it has lost what it had acknowledged.");
        }

        CommitIndex = Math.Max(CommitIndex, heartbeat.Commit);
        _copiedIndex = Math.Max(_copiedIndex, Math.Min(heartbeat.Copied, CommitIndex));
        if (heartbeat.Round > 0)
        {
            Send(new HeartbeatReply(Id, heartbeat.From, Term, heartbeat.Round) { IsIll = IsIll });
        }
    }
}
