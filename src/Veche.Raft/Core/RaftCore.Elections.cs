namespace Veche.Raft;

/// <summary>Who leads (Raft §5.2, §5.4.1; thesis §9.6 for the question before).</summary>
public sealed partial class RaftCore
{
    private void OnElectionTimeout()
    {
        if (SitsOut())
        {
            SeeThatNobodyLeads();
        }
        else if (MayCampaign || !_waitsForUs.IsNone)
        {
            BeginElection();
        }
        else if (AsksWhoIsThere())
        {
            AskBeforehand();
        }
        else
        {
            SeeThatNobodyLeads();
        }
    }

    /// <summary>Who may not be elected does not ask; but that the leader has gone silent must show.</summary>
    private void SeeThatNobodyLeads()
    {
        BecomeFollower(Term, MemberId.None);
        ((FollowerState)_state).ElectionDeadlineNs = NextElectionDeadline();
    }

    /// <summary>
    /// thesis §4.2.2: a voter that an uncommitted configuration removes, or forbids to lead, may still be the only one whose log can be elected,
    /// so it goes on campaigning until that is committed.
    /// </summary>
    private bool MayCampaign =>
        !IsRecovering && (MayLead(Configuration) || (ConfigurationIndex > CommitIndex && MayLead(_trail.ConfigurationAt(CommitIndex))));

    private void BeginElection()
    {
        if (_options.PreVote)
        {
            AskBeforehand();
        }
        else
        {
            Campaign(leaderTransfer: false);
        }
    }

    /// <summary>thesis §9.6: a member that cannot win must not raise the term, or it would depose a leader that the others still hear.</summary>
    private void AskBeforehand()
    {
        var candidate = new CandidateState(Role.PreCandidate, NextElectionDeadline());
        Enter(candidate);
        candidate.Granted.Add(Id);
        foreach (MemberId member in Configuration.AllMembers)
        {
            if (member != Id && Configuration.IsVoter(member))
            {
                Send(new VoteRequest(Id, member, Term + 1, LastPosition, PreVote: true, LeaderTransfer: false));
            }
        }

        JudgeElection(candidate);
    }

    // Raft §5.2: a new term, a vote for itself, and the question to everybody else, which must not leave before the vote is durable.
    private void Campaign(bool leaderTransfer)
    {
        var candidate = new CandidateState(Role.Candidate, NextElectionDeadline());
        Enter(candidate);
        SetHardState(Term + 1, Id);
        foreach (MemberId member in Configuration.AllMembers)
        {
            if (member != Id && Configuration.IsVoter(member))
            {
                SendAfterWrite(new VoteRequest(Id, member, Term, LastPosition, PreVote: false, leaderTransfer));
            }
        }
    }

    private void OnVoteRequest(VoteRequest request)
    {
        if (!request.LeaderTransfer && OwesLease)
        {
            // Word of this very term, from somebody who was asked before, does not end what was promised to the leader of an earlier one.
            return;
        }

        // Raft §5.2: one vote a term, first come first served. A pre-vote is only about a later term and promises nothing.
        bool free = request.PreVote
            ? request.Term > Term || (_vote.IsNone && Leader.IsNone) || _vote == request.From
            : _vote == request.From || (_vote.IsNone && Leader.IsNone);

        // Raft §5.4.1: only a log that is at least as up to date can hold everything that is committed.
        bool granted = free && !IsRecovering && request.Last.CompareTo(LastPosition) >= 0;
        if (free && !granted)
        {
            NoteWhoIsBehind(request.From);
        }

        if (request.PreVote)
        {
            Send(new VoteReply(Id, request.From, granted ? request.Term : Term, granted, PreVote: true));
        }
        else if (granted)
        {
            SetHardState(Term, request.From);
            if (_state is not FollowerState)
            {
                // It was only asking whether it could win this very term.
                BecomeFollower(Term, MemberId.None);
            }

            ((FollowerState)_state).ElectionDeadlineNs = NextElectionDeadline();
            SendAfterWrite(new VoteReply(Id, request.From, Term, Granted: true, PreVote: false));
        }
        else
        {
            Send(new VoteReply(Id, request.From, Term, Granted: false, PreVote: false));
        }
    }

    private void OnVoteReply(VoteReply reply)
    {
        if (_state is not CandidateState candidate || (candidate.Role == Role.PreCandidate) != reply.PreVote)
        {
            return;
        }

        if (reply.PreVote && reply.Granted && reply.Term != Term + 1)
        {
            // About a campaign that was thought of in an earlier term.
            return;
        }

        (reply.Granted ? candidate.Granted : candidate.Denied).Add(reply.From);
        if (reply is { Granted: true, PreVote: true })
        {
            NoteWhoIsThere(reply.From);
        }

        JudgeElection(candidate);
    }

    private void JudgeElection(CandidateState candidate)
    {
        if (Configuration.HasElectionQuorum(candidate.Granted.Contains))
        {
            if (candidate.Role == Role.Candidate)
            {
                BecomeLeader();
            }
            else if (MayCampaign || !_waitsForUs.IsNone)
            {
                Campaign(leaderTransfer: false);
            }
        }
        else if (Configuration.IsLost(candidate.Denied.Contains))
        {
            BecomeFollower(Term, MemberId.None);
            ((FollowerState)_state).ElectionDeadlineNs = NextElectionDeadline();
        }
    }

    private void OnTimeoutNow()
    {
        if (Role != Role.Leader && MayCampaign && !IsIll)
        {
            // thesis §3.10: the leader itself wants it, so there is nothing to ask beforehand.
            Campaign(leaderTransfer: true);
        }
    }

    private void BecomeFollower(long term, MemberId leader)
    {
        long deadlineNs = _state is FollowerState follower ? follower.ElectionDeadlineNs : NextElectionDeadline();
        if (term > Term)
        {
            // Raft §5.2: the vote is forgotten only with its term.
            SetHardState(term, MemberId.None);
        }

        Enter(new FollowerState(leader, deadlineNs));
    }

    /// <summary>Word from the leader of this term.</summary>
    private void HearLeader(MemberId leader)
    {
        if (_state is not FollowerState { Leader: var known } || known != leader)
        {
            if (_state is FollowerState { Leader.IsNone: false })
            {
                throw new InvariantBrokenException($"Members {Leader} and {leader} both lead term {Term} (Raft §5.2, election safety).");
            }

            BecomeFollower(Term, leader);
        }

        _heardLeaderNs = _nowNs;
        _waitsForUs = MemberId.None;
        _timeoutsSatOut = 0;
        _timeoutsUnled = 0;
        ((FollowerState)_state).ElectionDeadlineNs = NextElectionDeadline();
    }

    private void BecomeLeader()
    {
        var leader = new LeaderState(LastPosition.Index + 1)
        {
            HeartbeatDeadlineNs = _nowNs + (_options.HeartbeatIntervalMs * 1_000_000L),
            QuorumCheckDeadlineNs = _nowNs + ElectionTimeoutNs,
        };
        Enter(leader);
        TrackFollowers(leader, leader.TermStartIndex);

        // Raft §8: an empty entry of its own term, because only that lets it commit what its predecessors left.
        AppendToLog(Term, EntryKind.NoOp, ReadOnlyMemory<byte>.Empty, null);
        Replicate(leader);
        BringUpToDate(leader);
    }

    /// <summary>Changes role. What was asked of the old one gets its answer: nobody will come back to it.</summary>
    private void Enter(RoleState next)
    {
        RoleState old = _state;
        _state = next;
        switch (old)
        {
            case FollowerState follower:
                foreach (long readId in follower.ReadsAtLeader)
                {
                    _out.Reads.Add(new ReadOutcome(readId, 0, Refusal.LeaderChanged));
                }

                break;
            case LeaderState leader:
                while (leader.Reads.TryTakeAny(out ReadQueue.WaitingRead read))
                {
                    RefuseRead(read.From, read.ReadId, Refusal.LeaderChanged);
                }

                break;
        }
    }
}
