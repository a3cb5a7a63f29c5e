using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// One member of a cluster: the protocol, the queue of commands on their way into the log, the apply pipeline, linearizable reads,
/// snapshots and compaction, as one deterministic loop body. It never blocks and knows no clock: one input in, effects out.
/// The same code runs in the server on threads and in the simulator in virtual time.
/// </summary>
public sealed partial class Replica
{
    private readonly ReplicaOptions _options;
    private readonly RaftCore _core;
    private readonly RaftOutput _step = new();
    private readonly EntryCache _cache;
    private readonly long _startedInTerm;
    private long _nowNs;

    /// <summary>Starts a member from what its log and state machine hold.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="start">What the log recovered.</param>
    /// <param name="applied">The state machine's position; not before the log's base and not after its end.</param>
    /// <param name="forwardEpoch">Larger at every start of this member; forwards and reads are counted from it, so that an answer to an earlier start is never taken for one to this.</param>
    /// <param name="nowNs">The time.</param>
    /// <exception cref="ArgumentException">The state machine's position is not inside the log.</exception>
    public Replica(ReplicaOptions options, RaftStart start, LogPosition applied, long forwardEpoch, long nowNs)
    {
        _options = options;
        _core = new RaftCore(options.Raft, start with { CommittedIndex = Math.Max(start.CommittedIndex, applied.Index) }, nowNs);
        if (applied.Index < start.Base.Position.Index || applied.Index > _core.LastPosition.Index)
        {
            throw new ArgumentException($"The state machine is at {applied}, outside the log, which goes from {start.Base.Position} to {_core.LastPosition}.", nameof(applied));
        }

        _nowNs = nowNs;
        _cache = new EntryCache(options.EntryCacheBytes);
        _cache.Reset(_core.LastPosition.Index + 1);
        _applied = applied;
        _savedIndex = applied.Index;
        _forwardNumber = forwardEpoch;
        _lastRaftRead = forwardEpoch;
        _pending = new PendingAcknowledgements(options.MaxPendingAcknowledgements);
        _reachedIndex = ReachedIndex;
        _receivedAt = _core.ReceivedAt;
        _durableAt = _core.DurableAt;
        _appliedBy = member => member == Id ? _applied.Index : _appliedAt.GetValueOrDefault(member);
        _startedInTerm = _core.Term;
        _lastWritten = _core.LastPosition.Index;
    }

    /// <summary>The protocol's state, to look at.</summary>
    public RaftCore Core => _core;

    /// <summary>Position of the last entry applied.</summary>
    public LogPosition Applied => _applied;

    /// <summary>Bytes of commands that wait at this member for a leader or for the log.</summary>
    public long WaitingBytes => _waitingBytes;

    private MemberId Id => _options.Raft.Id;

    private bool Leads => _core.Role == Role.Leader;

    /// <summary>Takes one input and adds what is to be done to <paramref name="output"/>.</summary>
    public void Step(ReplicaInput input, long nowNs, ReplicaOutput output)
    {
        _nowNs = Math.Max(_nowNs, nowNs);
        switch (input)
        {
            case ReplicaInput.Submit submit:
                Enqueue(submit.Submissions, output);
                break;
            case ReplicaInput.Received received:
                Receive(received.Message, output);
                break;
            case ReplicaInput.Persisted persisted:
                OnPersisted(persisted.WriteId, output);
                break;
            case ReplicaInput.Applied applied:
                OnApplied(applied.Through, output);
                break;
            case ReplicaInput.Read read:
                BeginRead(read, output);
                break;
            case ReplicaInput.LogReadDone done:
                OnLogRead(done, output);
                break;
            case ReplicaInput.Tick:
                Advance(new RaftInput.Tick(), output);
                break;
            case ReplicaInput.Transfer transfer:
                BeginTransfer(transfer, output);
                break;
            case ReplicaInput.Reconfigure reconfigure:
                BeginReconfiguration(reconfigure, output);
                break;
            case ReplicaInput.Campaign:
                Advance(new RaftInput.Campaign(), output);
                break;
            case ReplicaInput.Unreachable unreachable:
                Advance(new RaftInput.Unreachable(unreachable.Member), output);
                break;
            case ReplicaInput.StateSaved saved:
                OnStateSaved(saved.DurableIndex);
                break;
            case ReplicaInput.LogTaken taken:
                OnLogTaken(taken.ThroughIndex);
                break;
            case ReplicaInput.SnapshotSending sending:
                _snapshotsInFlight[sending.To] = sending.Index;
                break;
            case ReplicaInput.SnapshotSent sent:
                _snapshotsInFlight.Remove(sent.To);
                Advance(new RaftInput.SnapshotSent(sent.To, sent.Delivered, sent.Index), output);
                break;
            case ReplicaInput.StateDistrusted distrusted:
                Distrust(distrusted.IsReplaced, output);
                break;
            case ReplicaInput.StateVerified:
                TrustAgain(output);
                break;
            case ReplicaInput.SnapshotReceived { Term: ReseedTerm } received:
                OnStateReceived(received.Point);
                break;
            case ReplicaInput.SnapshotReceived received:
                Advance(new RaftInput.SnapshotReceived(received.From, received.Term, received.Point), output);
                break;
            case ReplicaInput.Installed installed:
                OnInstalled(installed.Point);
                break;
            default:
                throw new ArgumentException($"Unknown input {input.GetType().Name}.", nameof(input));
        }

        ReportApplyStall(output);

        // What an input has freed (a write slot, an applied index, a leader) lets waiting work go on; each of these does nothing when nothing waits.
        DropExpired(output);
        ProposeOrForward(output);
        RetryReads(output);
        ReleaseReads(output);
        InstallReseed(output);
        AskForState(output);
        ApplyMore(output);
        SaveAndCompact(output);
        CompactIfDue(output);
        Acknowledge(output);
        FinishAdministration(output);
        output.DeadlineNs = NextDeadline();
    }

    /// <summary>One step of the protocol, with its effects taken over.</summary>
    private void Advance(RaftInput input, ReplicaOutput output)
    {
        _step.Clear();
        long committedBefore = _core.CommitIndex;
        _core.Step(input, _nowNs, _step);
        _raftDeadlineNs = _step.DeadlineNs;

        if (_step.Write is { } write)
        {
            NoteRollback(write, committedBefore, output);
            Remember(write);
            output.Writes.Add(write);
        }

        foreach (Outgoing outgoing in _step.Messages)
        {
            Dispatch(outgoing, output);
        }

        List<MemberId>? withheld = null;
        foreach (MemberId member in _step.SnapshotsNeeded)
        {
            if (Trust == StateTrust.Trusted)
            {
                output.SnapshotSends.Add(new SnapshotSend(member, _core.Term, _core.Configuration.IsWitness(member)));
            }
            else
            {
                (withheld ??= []).Add(member);
            }
        }

        if (_step.InstallSnapshot is { } install)
        {
            // The state machine is replaced only once the log is durably reset to the snapshot: a state ahead of its log could not be told from a log that lost its tail.
            _pendingInstall = (install, _step.Write?.WriteId ?? 0);
        }

        foreach (ReadOutcome read in _step.Reads)
        {
            OnReadOutcome(read);
        }

        if (_step.LeadershipChanged)
        {
            output.LeadershipChanged = true;
            OnLeadershipChanged(output);
        }

        output.ConfigurationChanged |= _step.ConfigurationChanged;
        output.Recovered |= _step.Recovered;

        // A wrong state must not spread. Who needs one gets it from the next leader, or from this one when its state is right again.
        if (withheld is not null)
        {
            foreach (MemberId member in withheld)
            {
                Advance(new RaftInput.SnapshotSent(member, Delivered: false, 0), output);
            }
        }
    }

    private long _raftDeadlineNs;

    private long NextDeadline() => Math.Min(Math.Min(_raftDeadlineNs, ReseedDeadline()), Math.Min(ReadDeadline(), WaitingDeadline()));
}
