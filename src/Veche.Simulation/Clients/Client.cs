using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Simulation.Members;
using Veche.Store.Auth;
using Veche.Store.Sessions;

namespace Veche.Simulation.Clients;

/// <summary>A client: one operation at a time, at one member until it has reason to ask another.</summary>
internal sealed class Client
{
    /// <summary>A write in a session that is refused so often, to somebody who may not, is given up; what became of it is not known.</summary>
    private const int MostRetriesOfTheRefused = 5;

    private readonly World _world;
    private readonly SimulationRandom _random;
    private readonly long[] _believed;
    private readonly int _weightSum;
    private readonly RequestMaker _maker;
    private readonly bool _keepsSession;
    private readonly Credentials _credentials;
    private int _sessions;
    private bool _hasSession;
    private long _sequence;
    private long _seen;
    private Operation? _waitingFor;
    private long _ticket;
    private int _member;
    private long _lease;
    private int _leases;

    public Client(World world, int number, SimulationRandom random)
    {
        _world = world;
        _random = random;
        Number = number;
        _believed = new long[world.Keys];
        _maker = new RequestMaker(random, world.Keys, world.Model);
        _keepsSession = (number + 0.5) / world.Plan.Clients < world.Plan.Workload.Sessions;
        _weightSum = world.Plan.Workload.Weights.Sum();
        _credentials = new Credentials(world, 0xC11E_4700UL + (ulong)number);
    }

    public int Number { get; }

    /// <summary>No further operations begin.</summary>
    public bool IsStopped { get; set; }

    public bool IsWaiting => _waitingFor is not null;

    /// <summary>Another one after each that turned out to belong to somebody else.</summary>
    private long SessionId => Number + 1 + (_sessions * 1000L);

    private WorkloadPlan Plan => _world.Plan.Workload;

    public void Begin()
    {
        _member = _random.Below(_world.Members.Count);
        Think();
    }

    /// <summary>Asks for something now, whatever the plan.</summary>
    public void Ask(OperationKind kind, int key, int member)
    {
        _member = member;
        Send(kind, key);
    }

    /// <summary>From now on it is somebody else.</summary>
    public void ActAs(Identity identity) => _credentials.ActAs(identity);

    /// <summary>Asks this member next, as one does whose other connections broke.</summary>
    public void TurnTo(int member) => _member = member;

    public void OnWake(long ticket)
    {
        if (ticket != _ticket)
        {
            return;
        }

        if (_waitingFor is { SessionSequence: > 0 } unanswered && !IsStopped)
        {
            Repeat(unanswered);
            return;
        }

        if (_waitingFor is { } operation)
        {
            // No answer in time. It may still happen, or have happened.
            _world.History.Ended(operation, Outcome.Unknown);
            _waitingFor = null;
            Wander();
        }

        if (!IsStopped)
        {
            Next();
        }
    }

    public void OnReply(Operation operation, Outcome outcome)
    {
        if (!ReferenceEquals(operation, _waitingFor))
        {
            return;
        }

        if (operation.Retries > 0 && outcome == Outcome.Refused && operation.Decided != Outcome.Refused)
        {
            // This attempt was not begun, or not by who may; one before it may have been, so that is no answer yet.
            if (operation.Who is null || operation.Retries < MostRetriesOfTheRefused)
            {
                Think();
                return;
            }

            outcome = Outcome.Unknown;
        }

        _waitingFor = null;
        _world.History.Ended(operation, outcome);
        TakeRefusal(operation);
        if (operation.Kind == OperationKind.OpenSession && outcome == Outcome.Refused && operation.Refusal != SessionErrors.Exists.Message)
        {
            _hasSession = false;
        }
        else if (operation.Kind == OperationKind.OpenSession)
        {
            _hasSession = true;
        }

        if (outcome == Outcome.Done)
        {
            _seen = Math.Max(_seen, operation.Revision);
            Learn(operation);
        }
        else
        {
            Wander();
        }

        Think();
    }

    private void TakeRefusal(Operation operation)
    {
        if (operation.Refusal == AuthErrors.OldRevision.Message)
        {
            _credentials.LogIn();
        }
        else if (operation.Refusal == SessionErrors.NotYours.Message)
        {
            _hasSession = false;
            _sessions++;
        }
    }

    private void Learn(Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Put or OperationKind.PutWithLease:
                _believed[operation.Key] = operation.Value;
                break;
            case OperationKind.Get:
                _believed[operation.Key] = operation.Read;
                break;
            case OperationKind.CompareAndSet when operation.Succeeded:
                _believed[operation.Key] = operation.Value;
                break;
            case OperationKind.LeaseGrant:
                _lease = operation.Lease;
                break;
            case OperationKind.LeaseRevoke:
            case OperationKind.LeaseKeepAlive when !operation.Succeeded:
                _lease = 0;
                break;
        }
    }

    /// <summary>The same under the same number, perhaps elsewhere: it must happen once, and be answered as the first time.</summary>
    private void Repeat(Operation operation)
    {
        Wander();
        operation.Member = _member;
        operation.Who = operation.Who is { TokenRevision: > 0 } && _credentials.LogIn() is { } again && again.User == operation.Who.User ? again : operation.Who;
        operation.Retries++;
        _world.Count("operations repeated");
        _world.Request(operation);
        _ticket++;
        _world.WakeClient(this, _world.NowNs + (Plan.TimeoutMs * 1_000_000L), _ticket);
    }

    /// <summary>To some member that is not known to be gone for good; whether it is up now is not known.</summary>
    private void Wander()
    {
        for (int attempt = 0; attempt < 4; attempt++)
        {
            _member = _random.Below(_world.Members.Count);
            if (_world.Members[_member].State is not (MemberState.Ruined or MemberState.Retired))
            {
                return;
            }
        }
    }

    private void Think()
    {
        _ticket++;
        _world.WakeClient(this, _world.NowNs + 1000 + (_random.Exponential(Plan.ThinkUs) * 1000), _ticket);
    }

    private void Next()
    {
        if (_random.Chance(Plan.Wanders))
        {
            Wander();
        }

        int draw = _random.Below(_weightSum);
        int kind = 0;
        while (draw >= Plan.Weights[kind])
        {
            draw -= Plan.Weights[kind++];
        }

        Send((OperationKind)kind, _random.Below(_world.Keys));
    }

    private void Send(OperationKind kind, int key)
    {
        if (_lease == 0 && kind is OperationKind.PutWithLease or OperationKind.LeaseKeepAlive or OperationKind.LeaseRevoke)
        {
            kind = OperationKind.LeaseGrant;
        }

        if (_keepsSession && !_hasSession)
        {
            kind = OperationKind.OpenSession;
        }

        int id = _world.History.Count;
        long lease = kind == OperationKind.LeaseGrant ? (Number * 100_000L) + ++_leases : kind is OperationKind.PutWithLease or OperationKind.LeaseKeepAlive or OperationKind.LeaseRevoke ? _lease : 0;

        // A transaction may write many; and now and then somebody writes nothing at all.
        long value = kind is OperationKind.Put or OperationKind.CompareAndSet or OperationKind.PutTwo && _random.Chance(0.05) ? ValueBytes.Empty : (id + 1) * 1000L;
        var operation = new Operation
        {
            Id = id,
            Client = Number,
            Kind = kind,
            Member = _member,
            Who = _credentials.Next(),
            AfterRevision = kind == OperationKind.GetSerializable && Plan.Tokens > 0 && _random.Chance(Plan.Tokens) ? (_random.Chance(0.5) ? _seen : _world.History.AcknowledgedRevision) : 0,
            SessionSequence = _keepsSession && _hasSession && Operation.Writes(kind) ? ++_sequence : 0,
            Key = kind >= OperationKind.LeaseGrant && kind != OperationKind.PutWithLease ? -1 : key,
            SecondKey = kind == OperationKind.PutTwo ? (key + 1) % _world.Keys : -1,
            Value = value,
            Request = kind switch
            {
                OperationKind.Transact => _maker.Transaction(value, _lease, readOnly: false),
                OperationKind.DeleteMany => _maker.Delete(),
                OperationKind.PutOver => _maker.Put(value, _lease),
                OperationKind.Range => _maker.Range(inTransaction: false),
                OperationKind.ReadTransact => _maker.Transaction(value, 0, readOnly: true),
                _ => null,
            },
            Expected = kind == OperationKind.CompareAndSet ? _believed[key] : 0,
            Lease = lease,
            AtRevision = kind == OperationKind.Compact ? Math.Max(1, _world.Model.Revision - _random.Between(0, 50)) : 0,
            CallNs = _world.NowNs,
        };
        if (operation.IsWrite)
        {
            Command command = ToCommand(operation);
            if (operation.SessionSequence > 0)
            {
                command.SessionDigest = ByteString.CopyFrom(BitConverter.GetBytes(operation.Id));
                command.SessionId = SessionId;
                command.SessionSequence = operation.SessionSequence;
            }

            operation.Command = command.ToByteArray();
        }

        _waitingFor = operation;
        _world.History.Began(operation);
        _world.Request(operation);
        _ticket++;
        _world.WakeClient(this, _world.NowNs + (Plan.TimeoutMs * 1_000_000L), _ticket);
    }

    private Command ToCommand(Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Put or OperationKind.PutWithLease:
                return new Command { Put = Put(operation.Key, operation) };
            case OperationKind.Delete:
                return new Command { DeleteRange = new DeleteRangeRequest { Key = KeyNames.Bytes(operation.Key) } };
            case OperationKind.CompareAndSet:
                var txn = new TxnRequest();
                txn.Compare.Add(operation.Expected == 0
                    ? new Compare { Key = KeyNames.Bytes(operation.Key), Target = Compare.Types.CompareTarget.Mod, ModRevision = 0, Result = Compare.Types.CompareResult.Equal }
                    : new Compare { Key = KeyNames.Bytes(operation.Key), Target = Compare.Types.CompareTarget.Value, Value = ValueBytes.Of(operation.Expected), Result = Compare.Types.CompareResult.Equal });
                txn.Success.Add(new RequestOp { RequestPut = Put(operation.Key, operation) });
                return new Command { Txn = txn };
            case OperationKind.PutTwo:
                var two = new TxnRequest();
                two.Success.Add(new RequestOp { RequestPut = Put(operation.Key, operation) });
                if (operation.SecondKey != operation.Key)
                {
                    two.Success.Add(new RequestOp { RequestPut = Put(operation.SecondKey, operation) });
                }

                return new Command { Txn = two };
            case OperationKind.Transact:
                return new Command { Txn = (TxnRequest)operation.Request! };
            case OperationKind.DeleteMany:
                return new Command { DeleteRange = (DeleteRangeRequest)operation.Request! };
            case OperationKind.PutOver:
                return new Command { Put = (PutRequest)operation.Request! };
            case OperationKind.OpenSession:
                return new Command { Session = new SessionCommand { Open = new SessionCommand.Types.Open { Id = SessionId } } };
            case OperationKind.LeaseGrant:
                return new Command { LeaseGrant = new LeaseGrantRequest { ID = operation.Lease, TTL = Plan.LeaseTtlSeconds } };
            case OperationKind.LeaseRevoke:
                return new Command { LeaseRevoke = new LeaseRevokeRequest { ID = operation.Lease } };
            default:
                return new Command { Compact = new CompactionRequest { Revision = operation.AtRevision } };
        }
    }

    private static PutRequest Put(int key, Operation operation) => new() { Key = KeyNames.Bytes(key), Value = ValueBytes.Of(operation.Value), Lease = operation.Lease };
}
