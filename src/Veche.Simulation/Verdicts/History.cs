using Google.Protobuf;
using Veche.Api;
using Veche.Checking;
using Veche.Checking.Sessions;
using Veche.Simulation.Clients;
using Veche.Simulation.Tracing;
using Member = Veche.Simulation.Members.Member;

namespace Veche.Simulation.Verdicts;

/// <summary>
/// What the clients saw, judged as it comes in. Every answer carries a revision, so no search is needed: the answer must be what the state at its
/// revision says, and revisions must respect real time.
/// </summary>
internal sealed partial class History(World world)
{
    private readonly List<Operation> _operations = [];
    private readonly Dictionary<int, long> _floors = [];
    private readonly Dictionary<(int Client, int Member, int Incarnation), long> _serializable = [];
    private readonly Dictionary<long, long> _leaseGuaranteedUntilNs = [];
    private readonly Dictionary<long, long> _leaseExpiredNs = [];
    private long _acknowledgedRevision = 1;

    public IReadOnlyList<Operation> Operations => _operations;

    public int Count => _operations.Count;

    public long Done { get; private set; }

    /// <summary>The newest revision that any client was told.</summary>
    public long AcknowledgedRevision => _acknowledgedRevision;

    public void Began(Operation operation)
    {
        _operations.Add(operation);
        operation.CommittedBefore = world.Judge.Canon.CommittedIndex;
        _floors.Add(operation.Id, _acknowledgedRevision);
    }

    public void Ended(Operation operation, Outcome outcome)
    {
        _floors.Remove(operation.Id, out long floor);
        operation.Outcome = outcome;
        world.Trace?.Operation(operation, world.NowNs);
        if (outcome == Outcome.Unknown)
        {
            return;
        }

        operation.ReturnNs = world.NowNs;
        CheckPermission(operation, outcome);
        if (outcome == Outcome.Done)
        {
            Done++;
            Check(operation, floor);
        }
        else
        {
            CheckRefused(operation, floor);
        }
    }

    /// <summary>The world ends: who still waits for an answer never hears one.</summary>
    public void TraceWaiting(TraceRecorder trace)
    {
        foreach (Operation operation in _operations.Where(operation => _floors.ContainsKey(operation.Id)))
        {
            trace.Operation(operation, world.NowNs);
        }
    }

    /// <summary>A member counts a lease as expired.</summary>
    public void LeaseExpires(Member member, long lease)
    {
        if (world.Plan.Faults.Has(Faults.FaultKind.ClockJump) || world.Judge.TermLed != member.Core.Term)
        {
            // A clock that jumps takes time from leases; and a leader that was deposed expires nothing.
            return;
        }

        if (_leaseGuaranteedUntilNs.TryGetValue(lease, out long untilNs) && world.NowNs < untilNs)
        {
            throw new ViolationException("a lease expired early", $"{member.Id} expires lease {lease}, which was promised for {(untilNs - world.NowNs) / 1e9:F3} s more");
        }
    }

    /// <summary>A lease is gone because its time was up, whoever counted it.</summary>
    public void LeaseExpired(long lease)
    {
        _leaseExpiredNs.TryAdd(lease, world.NowNs);
        CheckLifetime(lease);
    }

    private void CheckLifetime(long lease)
    {
        if (!world.Plan.Faults.Has(Faults.FaultKind.ClockJump)
            && _leaseExpiredNs.TryGetValue(lease, out long expiredNs) && _leaseGuaranteedUntilNs.TryGetValue(lease, out long untilNs) && expiredNs < untilNs)
        {
            throw new ViolationException("a lease was gone early", $"lease {lease} was gone {(untilNs - expiredNs) / 1e9:F3} s before the time it was promised for");
        }
    }

    private void Check(Operation operation, long floor)
    {
        switch (operation.Kind)
        {
            case OperationKind.LeaseKeepAlive:
                if (operation.Succeeded)
                {
                    Promise(operation);
                }

                return;

            case OperationKind.Range or OperationKind.ReadTransact:
                CheckResponse(operation);
                if (!operation.IsSerializable)
                {
                    break;
                }

                CheckSerializable(operation);
                return;

            case OperationKind.GetSerializable:
                CheckRead(operation);
                CheckSerializable(operation);
                if (operation.Revision < operation.AfterRevision)
                {
                    throw new ViolationException("a read does not show what its token names", $"{operation}");
                }

                world.Count(operation.Revision < floor ? operation.AfterRevision > 0 ? "stale reads with a token" : "stale reads" : "reads of a member's own state that were not stale");
                return;

            case OperationKind.Get:
                CheckRead(operation);
                break;

            case OperationKind.GetAll:
                CheckReadAll(operation);
                break;

            case OperationKind.LeaseGrant:
                Promise(operation);
                break;
        }

        // Real time: what was acknowledged before this was asked comes before it. A write makes a revision of its own.
        if (operation.Revision < floor || (operation.MadeRevision && operation.Revision == floor))
        {
            throw new ViolationException("not linearizable", $"{operation}, but revision {floor} was acknowledged before it was asked");
        }

        _acknowledgedRevision = Math.Max(_acknowledgedRevision, operation.Revision);
    }

    /// <summary>The four guarantees of sessions, client by client, on everything that was answered from the state of all.</summary>
    public CheckReport CheckSessions() => SessionChecker.Check(_operations
        .Where(static operation => operation is { Outcome: Outcome.Done, IsSerializable: false, Kind: not OperationKind.LeaseKeepAlive })
        .Select(static operation => new SessionOperation(operation.Client, operation.MadeRevision, operation.Revision)));

    private void CheckSerializable(Operation operation)
    {
        if (world.Members[operation.Member].StartedNs > operation.CallNs)
        {
            // It may have answered before it was started anew, and what it knew to be committed then it need not know now.
            return;
        }

        (int, int, int) session = (operation.Client, operation.Member, world.Members[operation.Member].Incarnation);
        long seen = _serializable.GetValueOrDefault(session);
        if (operation.Revision < seen)
        {
            throw new ViolationException("serializable reads went back", $"{operation}, after revision {seen} at the same member");
        }

        _serializable[session] = operation.Revision;
    }

    private void CheckResponse(Operation operation)
    {
        world.Model.TakeThrough(world.Judge.Canon.CommittedIndex);
        IMessage expected = operation.Request is RangeRequest range ? world.Model.Range(range, operation.Revision) : world.Model.ReadTransaction((TxnRequest)operation.Request!, operation.Revision);
        if (!expected.Equals(operation.Response))
        {
            throw new ViolationException("a read does not show the state of its revision", $"{operation}; it should be {expected}");
        }
    }

    /// <summary>A read may be refused for a revision that is gone, or not there yet.</summary>
    private void CheckRefused(Operation operation, long floor)
    {
        if (operation.Request is not RangeRequest { Revision: > 0 } range || operation.Refusal is not (ReferenceModel.CompactedText or ReferenceModel.FutureText))
        {
            return;
        }

        world.Model.TakeThrough(world.Judge.Canon.CommittedIndex);
        bool isRight = operation.Refusal == ReferenceModel.CompactedText ? range.Revision < world.Model.Compacted : operation.IsSerializable || range.Revision > floor;
        if (!isRight)
        {
            throw new ViolationException("a read was refused without reason", $"{operation}; revision {floor} was acknowledged before it was asked, and history is compacted at {world.Model.Compacted}");
        }
    }

    private void CheckRead(Operation operation)
    {
        world.Model.TakeThrough(world.Judge.Canon.CommittedIndex);
        ReferenceModel.Version version = world.Model.Read(operation.Key, operation.Revision);
        if (version.Value != operation.Read || (version.Value != 0 && version.Revision != operation.ReadModRevision))
        {
            throw new ViolationException("a read does not show the state of its revision", $"{operation}; the state has {version.Value} of revision {version.Revision}");
        }
    }

    private void CheckReadAll(Operation operation)
    {
        world.Model.TakeThrough(world.Judge.Canon.CommittedIndex);
        for (int key = 0; key < world.Keys; key++)
        {
            ReferenceModel.Version version = world.Model.Read(key, operation.Revision);
            if (version.Value != operation.ReadAll![key])
            {
                throw new ViolationException("a read does not show the state of its revision", $"{operation}; {KeyNames.Of(key)} is {version.Value}");
            }
        }
    }

    private void Promise(Operation operation)
    {
        // The shortest the lease may live: from when it was asked for, by the fastest clock there is.
        long ttlNs = world.Plan.Workload.LeaseTtlSeconds * 1_000_000_000L;
        long least = ttlNs - (ttlNs / 1_000_000 * 3 * world.Plan.Member.ClockDriftPpm);
        _leaseGuaranteedUntilNs[operation.Lease] = Math.Max(_leaseGuaranteedUntilNs.GetValueOrDefault(operation.Lease), operation.CallNs + least);
        CheckLifetime(operation.Lease);
    }
}
