namespace Veche.Raft;

/// <summary>The one place where terms are compared; what passes it is of this member's term, or a question about a later one.</summary>
public sealed partial class RaftCore
{
    private void Receive(Message message)
    {
        if (message.To != Id || message.From.IsNone || message.From == Id || message.Term < 0)
        {
            return;
        }

        if (message.Term > Term)
        {
            if (!TakeLaterTerm(message))
            {
                return;
            }
        }
        else if (message.Term < Term)
        {
            AnswerEarlierTerm(message);
            return;
        }

        Dispatch(message);
    }

    /// <summary>Raft §5.1: a later term makes a follower. Returns false when the message is to be ignored.</summary>
    private bool TakeLaterTerm(Message message)
    {
        switch (message)
        {
            case VoteRequest request:
                if (!request.LeaderTransfer && RefusesElections)
                {
                    return false;
                }

                if (!request.PreVote)
                {
                    BecomeFollower(request.Term, MemberId.None);
                }

                return true;

            case VoteReply { PreVote: true, Granted: true }:
                // It carries the term that was asked about, which nobody is in yet.
                return true;

            case AppendRequest or Heartbeat:
                BecomeFollower(message.Term, message.From);
                return true;

            default:
                BecomeFollower(message.Term, MemberId.None);
                return true;
        }
    }

    /// <summary>
    /// thesis §4.2.3: who leads, or has heard from a leader within an election timeout, does not help to depose it. A member that
    /// has just started may have done so before it crashed; a lease would rest on that.
    /// </summary>
    private bool RefusesElections =>
        (_options.CheckQuorum && (Role == Role.Leader || (!Leader.IsNone && _nowNs < _heardLeaderNs + ElectionTimeoutNs)))
        || OwesLease;

    /// <summary>A lease may rest on this member's not voting, whatever it has heard of later terms since.</summary>
    private bool OwesLease =>
        _options.LeaseClockDriftBoundMs is not null
        && (_nowNs < _startedNs + ElectionTimeoutNs || (_heardLeaderNs != long.MinValue && _nowNs < _heardLeaderNs + ElectionTimeoutNs));

    private void AnswerEarlierTerm(Message message)
    {
        switch (message)
        {
            case AppendRequest or Heartbeat:
                // With pre-vote and check-quorum this member may never raise the term of a leader that was cut off: tell it that its time has passed.
                Send(new HeartbeatReply(Id, message.From, Term, 0));
                break;
            case VoteRequest request:
                Send(new VoteReply(Id, request.From, Term, Granted: false, request.PreVote));
                break;
            case ReadIndexRequest request:
                Send(new ReadIndexReply(Id, request.From, Term, request.ReadId, 0, Refused: true));
                break;
        }
    }

    private void Dispatch(Message message)
    {
        if (_state is LeaderState leader)
        {
            if (leader.Find(message.From) is { } follower)
            {
                follower.RecentlyActive = true;
            }

            if (message is AppendRequest or Heartbeat)
            {
                throw new InvariantBrokenException($"Member {message.From} also leads term {Term} (Raft §5.2, election safety).");
            }
        }

        switch (message)
        {
            case AppendRequest append:
                OnAppend(append);
                break;
            case AppendAccepted accepted:
                OnAccepted(accepted);
                break;
            case AppendReceived received:
                OnReceived(received);
                break;
            case AppendRejected rejected:
                OnRejected(rejected);
                break;
            case Heartbeat heartbeat:
                OnHeartbeat(heartbeat);
                break;
            case HeartbeatReply reply:
                OnHeartbeatReply(reply);
                break;
            case VoteRequest request:
                OnVoteRequest(request);
                break;
            case VoteReply reply:
                OnVoteReply(reply);
                break;
            case TimeoutNow:
                OnTimeoutNow();
                break;
            case ReadIndexRequest request:
                OnReadIndexRequest(request);
                break;
            case ReadIndexReply reply:
                OnReadIndexReply(reply);
                break;
            default:
                throw new ArgumentException($"Unknown message {message.GetType().Name}.", nameof(message));
        }
    }
}
