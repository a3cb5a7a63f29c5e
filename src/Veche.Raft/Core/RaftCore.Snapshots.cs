namespace Veche.Raft;

/// <summary>Snapshots instead of entries that are gone from the log (Raft §7), and their going.</summary>
public sealed partial class RaftCore
{
    private void OnCompacted(LogPosition through)
    {
        if (through.Index > CommitIndex || !_trail.Matches(through))
        {
            throw new ArgumentException($"The log cannot be compacted through {through}: it goes from {_trail.Base} to {LastPosition} and {CommitIndex} is committed.", nameof(through));
        }

        _trail.Compact(through.Index);
    }

    private void RequireSnapshot(Progress follower)
    {
        // A member that does not answer would not take it either; once it answers, the next probe leads here again.
        if (follower.RecentlyActive)
        {
            follower.AwaitSnapshot();
            _out.SnapshotsNeeded.Add(follower.Member);
        }
    }

    private void OnSnapshotSent(RaftInput.SnapshotSent sent)
    {
        if (_state is not LeaderState leader || leader.Find(sent.To) is not { State: ReplicationState.Snapshot } follower)
        {
            return;
        }

        follower.Probe(sent.Delivered ? Math.Max(follower.Match, sent.Index) + 1 : follower.Match + 1);

        // Its next answer, to a heartbeat if nothing else, sets it going again.
        follower.ProbeSent = true;
    }

    private void OnSnapshotReceived(RaftInput.SnapshotReceived snapshot)
    {
        if (snapshot.Term < Term)
        {
            return;
        }

        if (snapshot.Term > Term)
        {
            BecomeFollower(snapshot.Term, snapshot.From);
        }
        else if (Role == Role.Leader)
        {
            throw new InvariantBrokenException($"Member {snapshot.From} also leads term {Term} (Raft §5.2, election safety).");
        }

        HearLeader(snapshot.From);
        SnapshotPoint point = snapshot.Point;
        RequireOwnKind(point.Configuration);
        if (point.Position.Index <= CommitIndex)
        {
            Accept(snapshot.From, CommitIndex);
            return;
        }

        if (_trail.Matches(point.Position))
        {
            // The log has it all. Throwing away what follows would break the promise to keep what was acknowledged (Raft §7, step 6).
            CommitIndex = point.Position.Index;
            Accept(snapshot.From, CommitIndex);
            return;
        }

        _trail.Reset(point);
        _ledger.Truncate(0);
        _reset = point;
        _keepThrough = null;
        _entries = null;
        CommitIndex = point.Position.Index;
        _out.InstallSnapshot = point;
        SendAfterWrite(new AppendAccepted(Id, snapshot.From, Term, point.Position.Index));
    }
}
