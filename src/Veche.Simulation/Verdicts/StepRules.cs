using Veche.Raft;
using Veche.Replica;

namespace Veche.Simulation.Verdicts;

/// <summary>What one input may do to one member, by what it was before: rules that need no bad luck afterwards to show that they were broken.</summary>
internal sealed class StepRules
{
    private readonly RaftOptions _options;
    private readonly long _startedNs;
    private readonly Dictionary<MemberId, long> _matches = [];
    private long _heardNs = long.MinValue;
    private (long Term, long Configuration) _matchesOf;
    private (long Term, MemberId Vote, MemberId Leader, Role Role, LogPosition Last, long Commit) _before;

    /// <summary>Begins with the member.</summary>
    public StepRules(RaftOptions options, long nowNs)
    {
        _options = options;
        _startedNs = nowNs;
    }

    private long ElectionTimeoutNs => _options.ElectionTimeoutMs * 1_000_000L;

    /// <summary>A step begins.</summary>
    public void Before(RaftCore core) => _before = (core.Term, core.Vote, core.Leader, core.Role, core.LastPosition, core.CommitIndex);

    /// <summary>A step has ended.</summary>
    /// <param name="core">Who.</param>
    /// <param name="input">What it was told.</param>
    /// <param name="nowNs">Its time.</param>
    public void After(RaftCore core, ReplicaInput input, long nowNs)
    {
        if (input is not ReplicaInput.Received received)
        {
            if (core.Term > _before.Term && core.Vote == core.Id)
            {
                KeepPromise(core, core.Id, nowNs);
            }

            return;
        }

        switch (received.Message.Body)
        {
            case AppendRequest append:
                long verified = append.Previous.Index + append.Entries.Count;
                if (core.CommitIndex > _before.Commit && core.CommitIndex > verified)
                {
                    throw new ViolationException("a follower took for committed what was not verified", $"{core.Id} goes to commit index {core.CommitIndex} by an append that reaches {verified}");
                }

                Heard(core, append, nowNs);
                break;
            case Heartbeat heartbeat:
                Heard(core, heartbeat, nowNs);
                break;
            case AppendAccepted accepted when core.Role == Role.Leader:
                Counted(core, accepted.From);
                break;
            case VoteRequest { PreVote: false } request when core.Vote == request.From && core.Term == request.Term && (_before.Term != request.Term || _before.Vote != request.From):
                Voted(core, request, nowNs);
                break;
        }
    }

    /// <summary>Where there are leases, whoever hears a leader promises it an election timeout without a vote for another, whatever it hears of later terms; and a restart makes it forget whom it heard.</summary>
    private void KeepPromise(RaftCore core, MemberId candidate, long nowNs)
    {
        if (_options.LeaseClockDriftBoundMs is null)
        {
            return;
        }

        if (nowNs < _startedNs + ElectionTimeoutNs)
        {
            throw new ViolationException("a member voted that may have confirmed a lease before it was started", $"{core.Id} votes for {candidate} in term {core.Term}, {(nowNs - _startedNs) / 1_000_000} ms after its start");
        }

        if (_heardNs != long.MinValue && nowNs < _heardNs + ElectionTimeoutNs)
        {
            throw new ViolationException("a member voted that has confirmed a lease", $"{core.Id} votes for {candidate} in term {core.Term}, {(nowNs - _heardNs) / 1_000_000} ms after it heard from a leader");
        }
    }

    /// <summary>What a follower has acknowledged it has: however late an older answer comes, a leader does not take it for less.</summary>
    private void Counted(RaftCore core, MemberId from)
    {
        if (_matchesOf != (core.Term, core.ConfigurationIndex))
        {
            // Who was removed and added again begins anew.
            _matchesOf = (core.Term, core.ConfigurationIndex);
            _matches.Clear();
        }

        if (core.FollowerOf(from) is not { } follower)
        {
            return;
        }

        if (_matches.TryGetValue(from, out long known) && follower.Match < known)
        {
            throw new ViolationException("a leader counts less of a follower's log than it knew of", $"{core.Id} knew that {from} has {known}, and now counts {follower.Match}");
        }

        _matches[from] = follower.Match;
    }

    private void Heard(RaftCore core, Message message, long nowNs)
    {
        if (message.Term == core.Term && message.From == core.Leader)
        {
            _heardNs = nowNs;
        }
    }

    private void Voted(RaftCore core, VoteRequest request, long nowNs)
    {
        if (request.Last.CompareTo(_before.Last) < 0)
        {
            throw new ViolationException("a vote was given to a log that is not up to date (Raft §5.4.1)", $"{core.Id}, with a log to {_before.Last}, votes for {request.From}, whose log goes to {request.Last}");
        }

        if (request.LeaderTransfer)
        {
            return;
        }

        if (_options.CheckQuorum && request.Term > _before.Term && (_before.Role == Role.Leader || (!_before.Leader.IsNone && _heardNs != long.MinValue && nowNs < _heardNs + ElectionTimeoutNs)))
        {
            throw new ViolationException("a vote helped to depose a leader that was heard (thesis §4.2.3)", $"{core.Id} votes for {request.From} in term {request.Term}, {(nowNs - _heardNs) / 1_000_000} ms after it heard from {_before.Leader}");
        }

        KeepPromise(core, request.From, nowNs);
    }
}
