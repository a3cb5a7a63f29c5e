namespace Veche.Raft;

/// <summary>For those who explore what a member can do: the same member twice, and when two are the same.</summary>
public sealed partial class RaftCore
{
    /// <summary>An equal core that shares nothing that changes with this one. Not during a step.</summary>
    internal RaftCore Fork()
    {
        var copy = new RaftCore(_options, new RaftStart { Base = new SnapshotPoint(_trail.Base, Configuration.Empty), HardState = new HardState(Term, _vote) }, _startedNs)
        {
            _random = _random,
            _state = _state.Fork(_options),
            _nowNs = _nowNs,
            _heardLeaderNs = _heardLeaderNs,
            _hardStateWrite = _hardStateWrite,
            _waitsForUs = _waitsForUs,
            _isApplyStalled = _isApplyStalled,
            _lateTicks = _lateTicks,
            _deadlineNs = _deadlineNs,
            _wellAfterNs = _wellAfterNs,
            _timeoutsSatOut = _timeoutsSatOut,
            _timeoutsUnled = _timeoutsUnled,
            Ailments = Ailments,
            CommitIndex = CommitIndex,
            _copiedIndex = _copiedIndex,
            _lostThroughTerm = _lostThroughTerm,
        };
        copy._trail.CopyFrom(_trail);
        copy._ledger.CopyFrom(_ledger);
        return copy;
    }

    /// <summary>
    /// Everything that decides what this member will do, but for when: deadlines and the generator that draws them are left out, and of the
    /// time since a leader was heard only whether it still makes this member refuse elections. Leases rest on more, so there must be none.
    /// </summary>
    internal void Describe(StateWriter writer)
    {
        if (_options.LeaseClockDriftBoundMs is not null)
        {
            throw new InvalidOperationException("A state with leases depends on times, which are not described.");
        }

        if (_options.StallBoundMs is not null)
        {
            throw new InvalidOperationException("Whether a member is ill depends on times, which are not described.");
        }

        writer.Member(Id);
        writer.Number(Term);
        writer.Member(_vote);
        writer.Number(CommitIndex);
        writer.Number(_copiedIndex);
        writer.Number((long)Role);
        writer.Number(_lostThroughTerm ?? -1);
        writer.Flag(HeardLeaderLately);
        writer.Member(_waitsForUs);
        writer.Number(Math.Min(_timeoutsUnled, TimeoutsBeforeAsking));
        writer.Number(Math.Max(0, _hardStateWrite - _ledger.LastPersisted));
        _trail.Describe(writer);
        _ledger.Describe(writer);
        _state.Describe(writer);
    }

    /// <summary>With check-quorum, a follower that has heard its leader within an election timeout refuses elections.</summary>
    internal bool HeardLeaderLately => _options.CheckQuorum && _state is FollowerState { Leader.IsNone: false } && _heardLeaderNs != long.MinValue && _nowNs < _heardLeaderNs + ElectionTimeoutNs;
}
