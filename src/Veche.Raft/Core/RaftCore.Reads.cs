namespace Veche.Raft;

/// <summary>Linearizable reads without the log: ReadIndex (thesis §6.4) and the leader's lease (thesis §6.4.1).</summary>
public sealed partial class RaftCore
{
    private void OnReadIndex(long readId, bool allowLease)
    {
        switch (_state)
        {
            case LeaderState leader when allowLease && HasLease(leader):
                _out.Reads.Add(new ReadOutcome(readId, CommitIndex, Refusal.None));
                break;
            case LeaderState leader:
                leader.Reads.Fresh.Add((MemberId.None, readId));
                break;
            case FollowerState { Leader.IsNone: false } follower:
                follower.ReadsAtLeader.Add(readId);
                Send(new ReadIndexRequest(Id, follower.Leader, Term, readId));
                break;
            default:
                _out.Reads.Add(new ReadOutcome(readId, 0, Refusal.NotLeader));
                break;
        }
    }

    private void OnReadIndexRequest(ReadIndexRequest request)
    {
        if (_state is LeaderState leader && leader.Reads.Count < ReadQueue.MaxWaiting)
        {
            leader.Reads.Fresh.Add((request.From, request.ReadId));
        }
        else
        {
            RefuseRead(request.From, request.ReadId, Refusal.NotLeader);
        }
    }

    private void OnReadIndexReply(ReadIndexReply reply)
    {
        if (_state is FollowerState follower && follower.ReadsAtLeader.Remove(reply.ReadId))
        {
            _out.Reads.Add(reply.Refused
                ? new ReadOutcome(reply.ReadId, 0, Refusal.LeaderChanged)
                : new ReadOutcome(reply.ReadId, reply.Index, Refusal.None));
        }
    }

    /// <summary>Starts one round for all reads of this step. Before the empty entry of the term has committed, the commit index may be behind what a predecessor acknowledged, so they wait.</summary>
    private void ConfirmFreshReads()
    {
        if (_state is not LeaderState leader || leader.Reads.Fresh.Count == 0 || CommitIndex < leader.TermStartIndex)
        {
            return;
        }

        if (IsCommitQuorumAlone)
        {
            foreach ((MemberId from, long readId) in leader.Reads.Fresh)
            {
                GrantRead(from, readId, CommitIndex);
            }

            leader.Reads.Fresh.Clear();
            return;
        }

        BeginRound(leader);
        leader.Reads.JoinRound(CommitIndex);
    }

    private void ConfirmReads(LeaderState leader)
    {
        long round = Configuration.QuorumIndex(_ackedRoundOf);
        if (leader.Reads.Confirmed(round) is { } sentNs)
        {
            leader.ConfirmedAtNs = sentNs;
        }

        while (leader.Reads.TryTakeConfirmed(round, out ReadQueue.WaitingRead read))
        {
            GrantRead(read.From, read.ReadId, read.Index);
        }
    }

    /// <summary>
    /// Counted from when the confirmed round was sent: its receivers refuse votes for an election timeout from a later moment, on clocks
    /// that are off by no more than the bound.
    /// </summary>
    private bool HasLease(LeaderState leader) =>
        _options.LeaseClockDriftBoundMs is { } driftMs
        && !leader.LeaseVoid
        && CommitIndex >= leader.TermStartIndex
        && (IsCommitQuorumAlone || (leader.ConfirmedAtNs != long.MinValue && _nowNs < leader.ConfirmedAtNs + ElectionTimeoutNs - (driftMs * 1_000_000L)));

    private void GrantRead(MemberId from, long readId, long index)
    {
        if (from.IsNone)
        {
            _out.Reads.Add(new ReadOutcome(readId, index, Refusal.None));
        }
        else
        {
            Send(new ReadIndexReply(Id, from, Term, readId, index, Refused: false));
        }
    }

    private void RefuseRead(MemberId from, long readId, Refusal reason)
    {
        if (from.IsNone)
        {
            _out.Reads.Add(new ReadOutcome(readId, 0, reason));
        }
        else
        {
            Send(new ReadIndexReply(Id, from, Term, readId, 0, Refused: true));
        }
    }
}
