using Veche.Raft;

namespace Veche.Replica;

/// <summary>Commands on their way into the log: this member's own, and at a leader those that others forwarded.</summary>
public sealed partial class Replica
{
    private readonly Queue<Waiting> _waiting = new();
    private readonly Queue<long> _proposalWrites = new();
    private readonly SortedDictionary<MemberId, long> _lastForwardSeen = [];
    private readonly SortedDictionary<MemberId, long> _lastRefusalSeen = [];
    private long _waitingBytes;
    private long _forwardNumber;
    private long _forwardPausedUntilNs;

    /// <summary>A command that waits, and whose it is.</summary>
    private readonly record struct Waiting(MemberId Origin, Submission Submission);

    private void Enqueue(IReadOnlyList<Submission> submissions, ReplicaOutput output)
    {
        for (int i = 0; i < submissions.Count; i++)
        {
            Submission submission = submissions[i];
            if (_waiting.Count >= _options.MaxWaitingCommands || (_waitingBytes + submission.Data.Length > _options.MaxWaitingBytes && _waiting.Count > 0))
            {
                output.Refused.Add(new RefusedSubmission(submission.Sequence, SubmissionRefusal.TooBusy));
                continue;
            }

            Wait(new Waiting(Id, submission));
        }
    }

    private void Wait(Waiting waiting)
    {
        _waiting.Enqueue(waiting);
        _waitingBytes += waiting.Submission.Data.Length;
    }

    private Waiting TakeWaiting()
    {
        Waiting waiting = _waiting.Dequeue();
        _waitingBytes -= waiting.Submission.Data.Length;
        return waiting;
    }

    /// <summary>A leader proposes what waits; a follower that knows a leader passes it on; without a leader it goes on waiting.</summary>
    private void ProposeOrForward(ReplicaOutput output)
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        if (Leads)
        {
            while (_waiting.TryPeek(out Waiting first) && _proposalWrites.Count < WritesInFlightFor(first) && ProposeBatch(output))
            {
            }
        }
        else if (!_core.Leader.IsNone && _nowNs >= _forwardPausedUntilNs)
        {
            Forward(output);
        }
    }

    private int WritesInFlightFor(in Waiting first) =>
        first.Submission.Rule is { Stage: AckStage.Received } ? _options.MaxUnsyncedProposalWritesInFlight : _options.MaxProposalWritesInFlight;

    private bool ProposeBatch(ReplicaOutput output)
    {
        int count = 0;
        long bytes = 0;
        foreach (Waiting waiting in _waiting)
        {
            bytes += waiting.Submission.Data.Length;
            if (count == _options.MaxCommandsPerWrite || (count > 0 && bytes > _options.MaxBytesPerWrite))
            {
                break;
            }

            count++;
        }

        var commands = new ReadOnlyMemory<byte>[count];
        int position = 0;
        foreach (Waiting waiting in _waiting)
        {
            if (position == count)
            {
                break;
            }

            commands[position++] = waiting.Submission.Data;
            if (waiting.Submission.Rule is { } rule)
            {
                _batchReports |= PendingAcknowledgements.ReportsFor(rule);
            }
        }

        Advance(new RaftInput.Propose(commands), output);
        _batchReports = AppendReports.None;
        switch (_step.Refusal)
        {
            case Refusal.None:
                for (int i = 0; i < count; i++)
                {
                    Track(TakeWaiting(), _step.FirstProposedIndex + i);
                }

                if (_step.Write is { } write)
                {
                    _proposalWrites.Enqueue(write.WriteId);
                }

                return true;

            case Refusal.TooManyUncommittedBytes:
                for (int i = 0; i < count; i++)
                {
                    Refuse(TakeWaiting(), tooBusy: true, output);
                }

                return false;

            default:
                // A hand-over is under way, or leadership went in this very step: the commands wait for whoever leads next.
                return false;
        }
    }

    private void Forward(ReplicaOutput output)
    {
        List<ReadOnlyMemory<byte>> own = new(_waiting.Count);
        List<AckRule?>? rules = null;
        int rounds = _waiting.Count;
        long bytes = 0;
        for (int i = 0; i < rounds; i++)
        {
            Waiting waiting = TakeWaiting();
            if (waiting.Origin != Id)
            {
                // Forwarded to us while we led. Passing it on a second time could make it run twice, so its sender decides.
                Refuse(waiting, tooBusy: false, output);
                continue;
            }

            if (waiting.Submission.Rule is { } rule)
            {
                rules ??= [];
                while (rules.Count < own.Count)
                {
                    rules.Add(null);
                }

                rules.Add(rule);
            }
            else
            {
                rules?.Add(null);
            }

            own.Add(waiting.Submission.Data);
            bytes += waiting.Submission.Data.Length;
            if (bytes >= _options.MaxBytesPerWrite)
            {
                SendForward(own, rules, output);
                own = [];
                rules = null;
                bytes = 0;
            }
        }

        if (own.Count > 0)
        {
            SendForward(own, rules, output);
        }
    }

    private void SendForward(List<ReadOnlyMemory<byte>> commands, List<AckRule?>? rules, ReplicaOutput output) =>
        output.Sends.Add(PeerMessage.Of(Id, _core.Leader, new ForwardedCommands(++_forwardNumber, _core.Term, commands) { Rules = rules }));

    private void Refuse(Waiting waiting, bool tooBusy, ReplicaOutput output)
    {
        long sequence = waiting.Submission.Sequence;
        if (waiting.Origin == Id)
        {
            output.Refused.Add(new RefusedSubmission(sequence, tooBusy ? SubmissionRefusal.TooBusy : SubmissionRefusal.NoLeader));
        }
        else
        {
            output.Sends.Add(PeerMessage.Of(Id, waiting.Origin, new RefusedCommands(++_forwardNumber, [sequence], tooBusy)));
        }
    }

    private void OnForwarded(MemberId from, ForwardedCommands forwarded, ReplicaOutput output)
    {
        // A network may repeat a message; a command must not run twice for it. What was meant for an earlier start of this member may have been
        // proposed then: to propose it would be to run it twice, and to refuse it would make its sender do so.
        if (forwarded.Term <= _startedInTerm || (_lastForwardSeen.TryGetValue(from, out long seen) && forwarded.Number <= seen))
        {
            return;
        }

        _lastForwardSeen[from] = forwarded.Number;
        List<long>? refused = null;
        bool tooBusy = Leads && (_waitingBytes > _options.MaxWaitingBytes || _waiting.Count >= _options.MaxWaitingCommands);
        for (int i = 0; i < forwarded.Commands.Count; i++)
        {
            ReadOnlyMemory<byte> data = forwarded.Commands[i];
            if (!CommandHeader.TryRead(data, out MemberId origin, out long sequence, out _) || origin != from)
            {
                continue;
            }

            if (!Leads || tooBusy)
            {
                (refused ??= []).Add(sequence);
            }
            else
            {
                Wait(new Waiting(from, new Submission(sequence, long.MaxValue, data, forwarded.Rules?[i])));
            }
        }

        if (refused is not null)
        {
            output.Sends.Add(PeerMessage.Of(Id, from, new RefusedCommands(++_forwardNumber, refused, tooBusy)));
        }
    }

    private void OnRefused(MemberId from, RefusedCommands refused, ReplicaOutput output)
    {
        // Repeated, it would free commands that were forwarded again since, and they would run twice.
        if (refused.Number != 0)
        {
            if (_lastRefusalSeen.TryGetValue(from, out long seen) && refused.Number <= seen)
            {
                return;
            }

            _lastRefusalSeen[from] = refused.Number;
        }

        if (!refused.TooBusy)
        {
            // The leader it knows of says it is none. Word of the real one comes with its next heartbeat; asking faster only burns time.
            _forwardPausedUntilNs = _nowNs + (_options.Raft.HeartbeatIntervalMs * 1_000_000L);
        }

        // Whoever runs the replica still holds the payload of each command it waits for and submits it again; only it knows which are still wanted.
        foreach (long sequence in refused.Sequences)
        {
            output.Refused.Add(new RefusedSubmission(sequence, refused.TooBusy ? SubmissionRefusal.TooBusy : SubmissionRefusal.NotLeading));
        }
    }

    private void DropExpired(ReplicaOutput output)
    {
        // Own commands wait in the order they came, with deadlines in almost that order: looking at the front is enough to bound the queue.
        while (_waiting.TryPeek(out Waiting front) && front.Submission.DeadlineNs <= _nowNs)
        {
            Refuse(TakeWaiting(), tooBusy: false, output);
        }
    }

    private long WaitingDeadline()
    {
        if (!_waiting.TryPeek(out Waiting front))
        {
            return long.MaxValue;
        }

        bool pausing = !Leads && _nowNs < _forwardPausedUntilNs;
        return pausing ? Math.Min(front.Submission.DeadlineNs, _forwardPausedUntilNs) : front.Submission.DeadlineNs;
    }
}
