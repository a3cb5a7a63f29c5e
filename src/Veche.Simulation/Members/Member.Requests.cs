using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Api.V1;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Verdicts;
using Veche.Store;

namespace Veche.Simulation.Members;

/// <summary>What clients ask of a member: writes into the log, reads when they may be served, leases by whoever leads.</summary>
internal sealed partial class Member
{
    private const long SweepNs = 200_000_000;
    private const int MaxRevocationsPerSweep = 50;

    private readonly Dictionary<long, Waiter> _waiters = [];
    private readonly Queue<long> _waitersInOrder = new();
    private readonly Dictionary<long, PendingRead> _reads = [];
    private readonly List<Submission> _again = [];
    private readonly List<long> _expired = [];
    private Func<long, bool> _isAwaited = static _ => false;
    private long _lastSequence;
    private long _lastRead;

    /// <summary>A command somebody waits for; <see cref="Operation"/> is null for the member's own, which may go on when it is done.</summary>
    private sealed record Waiter(Operation? Operation, ReadOnlyMemory<byte> Data, long DeadlineNs, Action<object?>? Then = null);

    /// <summary>A linearizable read, and what was committed when it was asked: the read must show it.</summary>
    private sealed record PendingRead(Operation? Operation, long CommittedBefore, Action? Then = null);

    public void OnRequest(Operation operation)
    {
        DropExpired();
        if (IsWitness)
        {
            Refuse(operation, "a witness");
            return;
        }

        if (IsQuarantined)
        {
            Refuse(operation, "in quarantine");
            return;
        }

        operation.Caller = operation.Who?.RecognisedBy(_store!.Auth);
        switch (operation.Kind)
        {
            case OperationKind.Get or OperationKind.GetAll or OperationKind.ReadTransact:
            case OperationKind.Range when !operation.IsSerializable:
                long readId = ++_lastRead;
                _reads.Add(readId, new PendingRead(operation, _world.Judge.Canon.CommittedIndex));
                Turn(new ReplicaInput.Read(readId, AllowLease: _plan.LeaseClockDriftBoundMs is not null && _random.Chance(0.7)));
                break;
            case OperationKind.GetSerializable or OperationKind.Range:
                ServeAfter(operation);
                break;
            case OperationKind.LeaseKeepAlive:
                KeepAlive(operation);
                break;
            default:
                Propose(operation, InNameOfCaller(operation));
                break;
        }
    }

    private long? Renew(long lease)
    {
        long? ttl = _lessor!.Renew(lease, LocalNow);
        if (ttl is > 0)
        {
            _renewed.Add(lease);
        }

        return ttl;
    }

    public void OnCall(CallMessage call)
    {
        void Answer(long? ttl, string? denied) => _world.Answer(this, call.From, new CallAnswer(ttl, call.Operation, denied));

        if (IsQuarantined)
        {
            Answer(null, null);
        }
        else
        {
            RenewFor(call.Operation, Answer);
        }
    }

    public void OnCallReply(CallAnswer answer)
    {
        if (IsQuarantined)
        {
            Refuse(answer.Operation, "in quarantine");
        }
        else if (answer.Ttl is { } ttl)
        {
            Renewed(answer.Operation, ttl);
        }
        else
        {
            Refuse(answer.Operation, answer.Denied ?? "not the leader");
        }
    }

    /// <summary>What a server does several times a second: leases that have run out, and a disk that may have room again.</summary>
    public void OnSweep()
    {
        if (!_log!.HasRoom && !PrepareNextSegment())
        {
            return;
        }

        DropExpired();
        SeeToQuarantine();
        if (!IsRunning)
        {
            return;
        }

        _world.PreferenceRules.Look(this);
        if (IsQuarantined)
        {
            // Which leases there are is part of the state that is not to be trusted.
            ScheduleSweep();
            return;
        }

        long term = _lessor!.TakeExpired(LocalNow, MaxRevocationsPerSweep, _expired);
        foreach (long lease in _expired)
        {
            _world.LeaseExpires(this, lease);
            Propose(null, new Command { LeaseRevoke = new LeaseRevokeRequest { ID = lease }, ExpiredInTerm = (ulong)term, Caller = Itself }.ToByteArray());
            if (!IsRunning)
            {
                break;
            }
        }

        _expired.Clear();
        if (IsRunning && _lessor!.TakeCheckpoint(LocalNow) is { } checkpoint)
        {
            _world.Count("leases recorded");
            Propose(null, new Command { LeaseCheckpoint = checkpoint, Caller = Itself }.ToByteArray());
        }

        ScheduleSweep();
    }

    private void ScheduleSweep()
    {
        if (IsRunning)
        {
            _world.After(this, EventKind.Sweep, SweepNs, 0, null);
        }
    }

    private void KeepAlive(Operation operation)
    {
        if (_lessor!.IsPrimary)
        {
            RenewFor(operation, (ttl, denied) => OnCallReply(new CallAnswer(ttl, operation, denied)));
        }
        else if (_world.Find(Core.Leader) is { } leader && leader != this)
        {
            _world.Call(this, leader, new CallMessage(Number, operation.Lease, operation));
        }
        else
        {
            Refuse(operation, "no leader");
        }
    }

    /// <summary>As a server does: a quorum must say, after the renewal, that this member still leads; and what is recorded of the lease must be its whole time.</summary>
    private void ConfirmRenewal(long lease, Func<string?> judge, Action<bool, string?> then)
    {
        long term = Core.Term;
        long readId = ++_lastRead;
        _reads.Add(readId, new PendingRead(null, 0, () =>
        {
            if (judge() is { } denied)
            {
                then(false, denied);
            }
            else if (Core.Role != Raft.Role.Leader || Core.Term != term || !_lessor!.MayPromise(lease, term, out Api.Commands.LeaseCheckpoint? first))
            {
                then(false, null);
            }
            else if (first is null)
            {
                then(true, null);
            }
            else
            {
                _world.Count("leases recorded before a promise");
                ProposeOwn(new Command { LeaseCheckpoint = first, Caller = Itself }.ToByteArray(), result => then(result is Api.Commands.LeaseCheckpoint, null));
            }
        }));
        Turn(new ReplicaInput.Read(readId));
    }

    private void Renewed(Operation operation, long ttl)
    {
        operation.Succeeded = ttl > 0;
        Reply(operation, Outcome.Done);
    }

    private void Propose(Operation? operation, ReadOnlyMemory<byte> command, Action<object?>? then = null)
    {
        long sequence = ++_lastSequence;
        ReadOnlyMemory<byte> data = CommandHeader.Wrap(Id, sequence, command.Span);
        long deadlineNs = LocalNow + (_plan.RequestTimeoutMs * 1_000_000L);
        _waiters.Add(sequence, new Waiter(operation, data, deadlineNs, then));
        _waitersInOrder.Enqueue(sequence);
        if (_log is { HasRoom: false } && operation is not null)
        {
            _waiters.Remove(sequence);
            Refuse(operation, "no space");
            return;
        }

        _isAwaited = _waiters.ContainsKey;
        Turn(new ReplicaInput.Submit([new Submission(sequence, deadlineNs, data, RuleFor(sequence))]));
    }

    /// <summary>In the middle of a turn, so that it goes in with the next.</summary>
    private void ProposeOwn(ReadOnlyMemory<byte> command, Action<object?> then)
    {
        long sequence = ++_lastSequence;
        ReadOnlyMemory<byte> data = CommandHeader.Wrap(Id, sequence, command.Span);
        long deadlineNs = LocalNow + (_plan.RequestTimeoutMs * 1_000_000L);
        _waiters.Add(sequence, new Waiter(null, data, deadlineNs, then));
        _waitersInOrder.Enqueue(sequence);
        _isAwaited = _waiters.ContainsKey;
        _again.Add(new Submission(sequence, deadlineNs, data, RuleFor(sequence)));
    }

    private AckRule? RuleFor(long sequence) => _plan.AcknowledgementRules ? AcknowledgementJudge.RuleFor(sequence) : null;

    private void Complete(long sequence, long index, object? result)
    {
        if (!_waiters.Remove(sequence, out Waiter? waiter))
        {
            return;
        }

        waiter.Then?.Invoke(result);
        Expected expected = _world.Model.At(index);
        if (waiter.Operation is not { } operation)
        {
            CheckOwn(index, (result as StoreError)?.Message, expected);
            return;
        }

        if (IsStateWrong)
        {
            Reply(operation, Outcome.Done);
            return;
        }

        (long revision, bool succeeded, string? refusal) = result switch
        {
            PutResponse put => (put.Header.Revision, true, null),
            DeleteRangeResponse delete => (delete.Header.Revision, delete.Deleted > 0, null),
            TxnResponse txn => (txn.Header.Revision, txn.Succeeded, null),
            CompactionResponse compaction => (compaction.Header.Revision, true, null),
            LeaseGrantResponse grant => (grant.Header.Revision, true, null),
            OpenSessionResponse open => (open.Header.Revision, true, null),
            LeaseRevokeResponse revoke => (revoke.Header.Revision, true, (string?)null),
            StoreError error => (expected.Revision, false, error.Message),
            _ => (-1L, false, $"an answer of type {result?.GetType().Name}"),
        };
        if (refusal is null && expected.Answer is { } whole && !whole.Equals(result))
        {
            throw new ViolationException("an answer is not what the model says", $"{Id}, index {index}, {operation}: answered {result}; expected {whole}");
        }

        if (revision != expected.Revision || succeeded != expected.Succeeded || refusal != expected.Refusal)
        {
            throw new ViolationException("an answer is not what the model says", $"{Id}, index {index}, {operation}: answered revision {revision}, {succeeded}, {refusal}; expected {expected}");
        }

        CountWrite(operation, refusal);
        if (expected.LeavesNumberFree && operation.SessionSequence > 0)
        {
            // One copy was refused and left its number free; another may be done, or have been.
            Refuse(operation, refusal!);
            return;
        }

        operation.Revision = expected.Revision;
        operation.MadeRevision = expected.MadeRevision;
        operation.Succeeded = succeeded;
        operation.Refusal = refusal;
        operation.Decided = refusal is null ? Outcome.Done : Outcome.Refused;
        Reply(operation, refusal is null ? Outcome.Done : Outcome.Refused);
    }

    private void ServeReads()
    {
        foreach (long readId in _output.ReadyReads)
        {
            if (!_reads.Remove(readId, out PendingRead? read))
            {
                continue;
            }

            if (read.Then is { } then)
            {
                then();
                continue;
            }

            if (AppliedIndex < read.CommittedBefore)
            {
                throw new ViolationException("a linearizable read would not show what was committed before it", $"{Id} serves {read.Operation} with {AppliedIndex} applied; {read.CommittedBefore} was committed when it was asked");
            }

            Serve(read.Operation!);
        }
    }

    /// <summary>From the state as it is here.</summary>
    private void Serve(Operation operation)
    {
        operation.JudgedAt = _store!.AppliedIndex;
        try
        {
            switch (operation.Request)
            {
                case RangeRequest range:
                    RangeResponse found = _store!.Range(range, operation.Caller);
                    operation.Response = found;
                    operation.Revision = found.Header.Revision;
                    Reply(operation, Outcome.Done);
                    break;
                case TxnRequest transaction:
                    TxnResponse response = _store!.ReadTransaction(transaction, operation.Caller);
                    operation.Response = response;
                    operation.Revision = response.Header.Revision;
                    Reply(operation, Outcome.Done);
                    break;
                default:
                    Answer(operation, _store!.Range((RangeRequest)operation.ReadRequest, operation.Caller));
                    break;
            }
        }
        catch (StoreException exception)
        {
            Refuse(operation, exception.Message);
        }
        catch (StateDamagedException exception) when (IsStateWrong)
        {
            Refuse(operation, exception.Message);
        }
    }

    private void Answer(Operation operation, RangeResponse response)
    {
        operation.Revision = response.Header.Revision;
        if (operation.Kind == OperationKind.GetAll)
        {
            long[] values = new long[_world.Keys];
            foreach (KeyValue kv in response.Kvs)
            {
                values[KeyNames.NumberOf(kv.Key)] = ValueBytes.Read(kv.Value);
            }

            operation.ReadAll = values;
        }
        else if (response.Kvs.Count > 0)
        {
            operation.Read = ValueBytes.Read(response.Kvs[0].Value);
            operation.ReadModRevision = response.Kvs[0].ModRevision;
        }

        Reply(operation, Outcome.Done);
    }

    private void TakeRefused()
    {
        foreach (RefusedSubmission refused in _output.Refused)
        {
            if (!_waiters.TryGetValue(refused.Sequence, out Waiter? waiter))
            {
                continue;
            }

            if (refused.Reason == SubmissionRefusal.NotLeading && waiter.DeadlineNs > LocalNow)
            {
                // Provably not proposed, so it may be tried again, as long as somebody waits for it.
                _again.Add(new Submission(refused.Sequence, waiter.DeadlineNs, waiter.Data, RuleFor(refused.Sequence)));
                continue;
            }

            _waiters.Remove(refused.Sequence);
            waiter.Then?.Invoke(null);
            if (waiter.Operation is { } operation)
            {
                Refuse(operation, refused.Reason.ToString());
            }
        }
    }

    private void Resubmit()
    {
        if (_again.Count > 0 && IsRunning)
        {
            List<Submission> again = [.. _again];
            _again.Clear();
            Turn(new ReplicaInput.Submit(again));
        }
    }

    private void Refuse(Operation operation, string reason)
    {
        operation.Refusal = reason;
        Reply(operation, Outcome.Refused);
    }

    private void Reply(Operation operation, Outcome outcome)
    {
        if (outcome == Outcome.Done)
        {
            _world.StateRules.Shows(this, _quarantine!.State);
        }

        // What a wrong state makes of a request, before anybody could know, says nothing of the others: its connection breaks.
        if (!IsStateWrong)
        {
            _world.Reply(this, operation, outcome);
        }
    }

    /// <summary>Nobody waits any longer for what took too long; it may still happen.</summary>
    private void DropExpired()
    {
        while (_waitersInOrder.TryPeek(out long sequence))
        {
            if (_waiters.TryGetValue(sequence, out Waiter? waiter) && waiter.DeadlineNs > LocalNow)
            {
                break;
            }

            _waitersInOrder.Dequeue();
            _waiters.Remove(sequence);
            waiter?.Then?.Invoke(null);
        }
    }

    private void FailEverything()
    {
        _waiters.Clear();
        _waitersInOrder.Clear();
        _reads.Clear();
        DropWaitingForTokens();
        _again.Clear();
    }
}
