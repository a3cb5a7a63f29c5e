namespace Veche.Raft;

/// <summary>The leader's side of replication (Raft §5.3; thesis §10.2 for pipelining and the disk beside the network).</summary>
public sealed partial class RaftCore
{
    private void OnPropose(IReadOnlyList<ReadOnlyMemory<byte>> commands)
    {
        if (_state is not LeaderState leader)
        {
            _out.Refusal = Refusal.NotLeader;
            return;
        }

        if (!leader.TransferTarget.IsNone)
        {
            _out.Refusal = Refusal.TransferInProgress;
            return;
        }

        long bytes = 0;
        for (int i = 0; i < commands.Count; i++)
        {
            bytes += commands[i].Length + Entry.OverheadBytes;
        }

        long uncommitted = _trail.BytesBetween(CommitIndex, LastPosition.Index);
        if (uncommitted > 0 && uncommitted + bytes > _options.MaxUncommittedBytes)
        {
            _out.Refusal = Refusal.TooManyUncommittedBytes;
            return;
        }

        if (commands.Count == 0)
        {
            return;
        }

        _out.FirstProposedIndex = LastPosition.Index + 1;
        for (int i = 0; i < commands.Count; i++)
        {
            AppendToLog(Term, EntryKind.Command, commands[i], null);
        }

        Replicate(leader);
    }

    private void Replicate(LeaderState leader)
    {
        foreach (Progress follower in leader.Followers)
        {
            SendAppends(follower);
        }
    }

    /// <summary>Sends everything the follower's limits allow. Entries leave before they are durable here: a leader's own disk counts when it is done, like anybody's.</summary>
    private void SendAppends(Progress follower)
    {
        while (follower.Next <= LastFor(follower) && !follower.IsPaused && SendAppend(follower))
        {
        }
    }

    private bool SendAppend(Progress follower)
    {
        long previous = follower.Next - 1;
        if (!_trail.TryTermAt(previous, out long previousTerm))
        {
            RequireSnapshot(follower);
            return false;
        }

        long through = LastFor(follower);
        bool isQuestion = follower.Next > through || (_options.ProbeWithoutEntries && follower.State == ReplicationState.Probe);
        long last = isQuestion ? previous : Math.Min(through, _trail.LastWithin(follower.Next, _options.MaxBytesPerAppend, _options.MaxEntriesPerAppend));
        Send(new AppendRequest(Id, follower.Member, Term, new LogPosition(previous, previousTerm), last, CommitIndex) { ForWitness = follower.IsWitness });
        if (last > previous || follower.State == ReplicationState.Probe)
        {
            follower.Sent(last, _trail.BytesBetween(previous, last));
        }

        return true;
    }

    private void OnAccepted(AppendAccepted accepted)
    {
        if (_state is not LeaderState leader || leader.Find(accepted.From) is not { } follower)
        {
            return;
        }

        if (accepted.Match > LastPosition.Index)
        {
            throw new InvariantBrokenException($"Member {accepted.From} says it holds entry {accepted.Match} of term {Term}, whose leader has only {LastPosition.Index}.");
        }

        follower.Accepted(accepted.Match);
        if ((follower.State == ReplicationState.Probe && accepted.Match >= follower.ProbedThrough) || (follower.State == ReplicationState.Snapshot && follower.Match >= _trail.Base.Index))
        {
            follower.Replicate();
        }

        AdvanceCommit(leader);
        if (!ReferenceEquals(_state, leader))
        {
            return;
        }

        SendAppends(follower);
        TellCommit(follower);
        SendToWitnesses(leader);
        HandOverIfCaughtUp(leader, follower);
    }

    private void OnRejected(AppendRejected rejected)
    {
        if (_state is not LeaderState leader || leader.Find(rejected.From) is not { } follower)
        {
            return;
        }

        // Both sides skip terms: the follower's hint leaves out terms after ours, and this leaves out terms after the hint's.
        LogPosition furthest = _trail.FurthestThatMayMatch(rejected.Hint);
        if (follower.Rejected(rejected.RejectedIndex, furthest.Index))
        {
            ProbeNow(follower);
        }
    }

    private void OnHeartbeatReply(HeartbeatReply reply)
    {
        if (_state is not LeaderState leader || leader.Find(reply.From) is not { } follower)
        {
            return;
        }

        follower.IsIll = reply.IsIll;
        follower.AckedRound = Math.Max(follower.AckedRound, Math.Min(reply.Round, leader.Reads.LastRound));
        ConfirmReads(leader);
        if (follower.Match < LastPosition.Index)
        {
            ProbeNow(follower);
        }
    }

    /// <summary>Asks, if need be without entries, whether what was sent has arrived. A follower that is silent about appends but answers must have lost some.</summary>
    private void ProbeNow(Progress follower)
    {
        if (follower.State == ReplicationState.Snapshot)
        {
            return;
        }

        follower.ProbeSent = false;
        if (follower.State == ReplicationState.Probe || follower.Next > LastFor(follower) || follower.IsPaused)
        {
            SendQuestion(follower);
        }
        else
        {
            SendAppends(follower);
        }
    }

    private void SendQuestion(Progress follower)
    {
        if (follower.State == ReplicationState.Probe)
        {
            SendAppend(follower);
            return;
        }

        long previous = follower.Next - 1;
        if (_trail.TryTermAt(previous, out long term))
        {
            Send(new AppendRequest(Id, follower.Member, Term, new LogPosition(previous, term), previous, CommitIndex) { ForWitness = follower.IsWitness });
        }
        else
        {
            // What it was last sent has been compacted away meanwhile, so nothing can be asked about it: start from what is known.
            follower.Probe(follower.Match + 1);
            SendAppend(follower);
        }
    }

    private void OnUnreachable(MemberId member)
    {
        if (_state is LeaderState leader && leader.Find(member) is { State: ReplicationState.Replicate } follower)
        {
            follower.Probe(follower.Match + 1);
            follower.ProbeSent = true;
        }
    }

    private void AdvanceCommit(LeaderState leader)
    {
        long index = Configuration.QuorumIndex(_matchOf);

        // Raft §5.4.2: an entry of an earlier term is committed only through one of this term (Figure 8).
        if (index <= CommitIndex || _trail.TermAt(index) != Term)
        {
            return;
        }

        CommitIndex = index;
        foreach (Progress follower in leader.Followers)
        {
            TellCommit(follower);
        }

        OnConfigurationCommitted(leader);
    }

    /// <summary>
    /// Tells a follower what is committed, as far as it is known to have it, without waiting for the next heartbeat: somebody may wait there for it to be
    /// applied. To be called when either has changed.
    /// </summary>
    private void TellCommit(Progress follower)
    {
        long commit = Math.Min(follower.Match, CommitIndex);
        if (commit > follower.ToldCommit)
        {
            // Round 0 asks for no answer.
            follower.ToldCommit = commit;
            Send(new Heartbeat(Id, follower.Member, Term, commit, 0) { Copied = CopiedFor(commit) });
        }
    }

    private void OnLeaderTick(LeaderState leader)
    {
        if (!leader.TransferTarget.IsNone && _nowNs >= leader.TransferDeadlineNs)
        {
            OnTransferDeadline(leader);
            if (!ReferenceEquals(_state, leader))
            {
                return;
            }
        }

        if (_nowNs >= leader.QuorumCheckDeadlineNs)
        {
            leader.QuorumCheckDeadlineNs = _nowNs + ElectionTimeoutNs;

            // thesis §6.2: a leader that a quorum does not hear leads nobody; clients should find the one who does.
            if (_options.CheckQuorum && !Configuration.HasCommitQuorum(_isRecentlyActive))
            {
                BecomeFollower(Term, MemberId.None);
                return;
            }

            GiveWayToHigherPriority(leader);
            foreach (Progress follower in leader.Followers)
            {
                follower.RecentlyActive = false;
            }
        }

        HandOverIfIll(leader);
        if (_nowNs >= leader.HeartbeatDeadlineNs)
        {
            BeginRound(leader);
        }
    }

    private void BeginRound(LeaderState leader)
    {
        leader.HeartbeatDeadlineNs = _nowNs + (_options.HeartbeatIntervalMs * 1_000_000L);
        long round = leader.Reads.BeginRound(_nowNs);
        foreach (Progress follower in leader.Followers)
        {
            long commit = Math.Min(follower.Match, CommitIndex);
            Send(new Heartbeat(Id, follower.Member, Term, commit, round) { Copied = CopiedFor(commit) });
        }

        ConfirmReads(leader);
    }

    /// <summary>Makes the table of followers fit the configuration in force.</summary>
    private void TrackFollowers(LeaderState leader, long nextIndex)
    {
        leader.Followers.RemoveAll(follower => !Configuration.Contains(follower.Member));
        foreach (MemberId member in Configuration.AllMembers)
        {
            if (member != Id && leader.Find(member) is null)
            {
                // Not held against it, or against this leader, that it has not spoken yet.
                leader.Followers.Add(new Progress(member, Configuration.IsWitness(member), nextIndex, _options) { RecentlyActive = true });
            }
        }

        leader.Followers.Sort(static (left, right) => left.Member.CompareTo(right.Member));
    }
}
