using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Members;
using Veche.Simulation.Network;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation;

/// <summary>
/// A whole cluster with its clients on one thread: machines, disks, clocks, network and faults. Time passes only from one event to the next,
/// and everything that is left to chance comes from one seed.
/// </summary>
internal sealed class World
{
    public const ulong ClusterId = 0x7665636865;

    /// <summary>Most members that a world ever has, those that left and those that came counted.</summary>
    public const int MaxMembers = 40;

    /// <summary>Far more than any world of minutes has: members that answer each other for ever are a defect.</summary>
    private const long MaxEvents = 3_000_000;

    private readonly EventQueue _queue = new();
    private readonly VirtualNetwork _network;
    private readonly SimulationRandom _random;
    private readonly List<Member> _members = [];
    private readonly List<Client> _clients = [];
    private readonly List<Watcher> _watchers = [];
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly ulong _seed;

    public World(SimulationPlan plan, TraceRecorder? trace)
    {
        Plan = plan;
        Trace = trace;
        _seed = plan.Seed;
        _random = new SimulationRandom(plan.Seed ^ 0xA5A5_5A5A_1234_9876);
        _network = new VirtualNetwork(plan.Network, _random.Fork(), MaxMembers + plan.Clients);
        Founders = Configuration.Of(Enumerable.Range(0, plan.Nodes).Select(IdOf)).WithWitnesses([.. Enumerable.Range(plan.Nodes - plan.Witnesses, plan.Witnesses).Select(IdOf)]);
        Judge = new Judge { Canon = new Canon { Founders = Founders } };
        MessageRules = new MessageRules(this);
        PreferenceRules = new PreferenceRules(this);
        StateRules = new StateRules(this);
        Holds = (member, index, term) => Find(member)?.Holds(index, term) == true;
        Acknowledgements = new AcknowledgementJudge(Judge.Canon, Count, Holds);
        Model = new ReferenceModel(Judge.Canon);
        History = new History(this);
        Model.LeaseExpired = History.LeaseExpired;
        Model.StateReported = StateRules.Reported;
        Model.StateCheckTaken = StateRules.Checked;
        Atlas = new Atlas(this);
        Faults = new FaultInjector(this, _random.Fork());
        Operator = new Operator(this, _random.Fork());
        for (int i = 0; i < plan.Nodes; i++)
        {
            AddMember(joins: false);
        }

        for (int i = 0; i < plan.Clients; i++)
        {
            _clients.Add(new Client(this, i, _random.Fork()));
        }

        for (int i = 0; i < plan.Watchers; i++)
        {
            _watchers.Add(new Watcher(this, i));
        }
    }

    public SimulationPlan Plan { get; }

    public TraceRecorder? Trace { get; }

    public Configuration Founders { get; }

    public Judge Judge { get; }

    public MessageRules MessageRules { get; }

    public PreferenceRules PreferenceRules { get; }

    public StateRules StateRules { get; }

    public AcknowledgementJudge Acknowledgements { get; }

    public ReferenceModel Model { get; }

    public History History { get; }

    public Atlas Atlas { get; }

    public FaultInjector Faults { get; }

    public Operator Operator { get; }

    public VirtualNetwork Network => _network;

    public IReadOnlyList<Member> Members => _members;

    public IReadOnlyList<Client> Clients => _clients;

    public IReadOnlyList<Watcher> Watchers => _watchers;

    public int Keys => Plan.Workload.Keys;

    /// <summary>Time of the world in nanoseconds.</summary>
    public long NowNs { get; private set; }

    public long Events { get; private set; }

    /// <summary>Messages from member to member.</summary>
    public long Messages { get; private set; }

    /// <summary>A number that two runs of one seed share only if they did the same things in the same order.</summary>
    public ulong EventHash { get; private set; } = 0x9E37_79B9_7F4A_7C15;

    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>True once the faults are over and only what is permanent remains.</summary>
    public bool IsHealing { get; set; }

    /// <summary>A state has rotted, be it replaced since or not.</summary>
    public bool StatesRotted => _counts.ContainsKey("states changed") || _counts.ContainsKey("states made unreadable");

    public static MemberId IdOf(int number) => new((ulong)number + 1);

    public void Begin()
    {
        foreach (Member member in _members)
        {
            member.Start();
        }

        foreach (Client client in _clients)
        {
            client.Begin();
        }

        Faults.Begin();
        Operator.Begin();
        foreach (Watcher watcher in _watchers)
        {
            watcher.Begin();
        }
    }

    /// <summary>Lets time pass until then, or until the condition holds.</summary>
    public bool RunUntil(long timeNs, Func<bool>? condition = null)
    {
        while (_queue.Count > 0 && _queue.NextTimeNs <= timeNs)
        {
            ScheduledEvent next = _queue.Take();
            NowNs = next.TimeNs;
            Events++;
            Mix((ulong)next.TimeNs * 31 + (ulong)next.Kind + ((ulong)next.Target << 8) + ((ulong)next.Number << 20));
            Happen(next);
            if (Events > MaxEvents)
            {
                throw new ViolationException("the world does not come to rest", $"{Events} events happened in {NowNs / 1e9:F3} s");
            }

            if (condition is not null && (Events & 63) == 0 && condition())
            {
                return true;
            }
        }

        NowNs = timeNs;
        return condition is not null && condition();
    }

    public Member AddMember(bool joins)
    {
        int number = _members.Count;
        var member = new Member(this, number, IdOf(number), joins, Plan.Member, _random.Fork());
        _members.Add(member);
        return member;
    }

    public Member? Find(MemberId id) => id.IsNone || (int)id.Value > _members.Count ? null : _members[(int)id.Value - 1];

    /// <summary>True when a member durably holds an entry, or held it before its disk was lost.</summary>
    public Func<MemberId, long, long, bool> Holds { get; }

    public void Send(Member from, PeerMessage message)
    {
        if (Find(message.To) is not { } to)
        {
            return;
        }

        Messages++;
        if (_network.Arrival(from.Number, to.Number, NowNs) is not { } arrivalNs)
        {
            Trace?.Message(from.Number, to.Number, NowNs, null, message.Body);
            if (_random.Chance(0.05))
            {
                // A connection that loses messages breaks, and its sender hears of it.
                At(from, EventKind.Unreachable, NowNs + _random.Exponential(50_000_000), (long)to.Id.Value, null);
            }

            return;
        }

        message = _network.Carry(message);
        Trace?.Message(from.Number, to.Number, NowNs, arrivalNs, message.Body);
        _network.Between(from.Number, to.Number).InFlight++;
        _queue.Add(arrivalNs, EventKind.Deliver, to.Number, -1, from.Number, message);
        if (_network.Repeat(arrivalNs) is { } again)
        {
            Count("messages repeated");
            Trace?.Message(from.Number, to.Number, NowNs, again, message.Body, again: true);
            _network.Between(from.Number, to.Number).InFlight++;
            _queue.Add(again, EventKind.Deliver, to.Number, -1, from.Number, message);
        }
    }

    public void SendSnapshot(Member from, Member to, SnapshotInTransit transit)
    {
        long bytesNs = transit.Content.Length * 10L;
        long? arrivalNs = _network.Arrival(from.Number, to.Number, NowNs);
        Trace?.Snapshot(from.Number, to.Number, NowNs, arrivalNs + bytesNs, transit.Point.Position.Index);
        if (arrivalNs is { } arrival)
        {
            _queue.Add(arrival + bytesNs, EventKind.SnapshotArrives, to.Number, -1, 0, transit);
        }

        // The sender hears back either way: of the end, or of a broken connection.
        At(from, EventKind.SnapshotSent, (arrivalNs ?? NowNs) + bytesNs + 1_000_000 + _random.Exponential(5_000_000), 0, transit);
    }

    public void Call(Member from, Member to, CallMessage call)
    {
        long? arrivalNs = _network.Arrival(from.Number, to.Number, NowNs);
        Trace?.Lease(from.Number, to.Number, NowNs, arrivalNs, $"asks to keep lease {call.Lease} alive");
        if (arrivalNs is { } arrival)
        {
            _queue.Add(arrival, EventKind.Call, to.Number, -1, 0, call);
        }
    }

    public void Answer(Member from, int to, CallAnswer answer)
    {
        long? arrivalNs = _network.Arrival(from.Number, to, NowNs);
        Trace?.Lease(from.Number, to, NowNs, arrivalNs, answer.Ttl is { } ttl ? $"the lease has {ttl} s" : "does not lead");
        if (arrivalNs is { } arrival)
        {
            At(_members[to], EventKind.CallReply, arrival, 0, answer);
        }
    }

    public void Request(Operation operation)
    {
        long? arrivalNs = _network.Arrival(MaxMembers + operation.Client, operation.Member, NowNs);
        Trace?.Client(isReply: false, operation, operation.Member, NowNs, arrivalNs);
        if (arrivalNs is { } arrival)
        {
            _queue.Add(arrival, EventKind.Request, operation.Member, -1, 0, operation);
        }
    }

    public void Reply(Member from, Operation operation, Outcome outcome)
    {
        long? arrivalNs = _network.Arrival(from.Number, MaxMembers + operation.Client, NowNs);
        Trace?.Client(isReply: true, operation, from.Number, NowNs, arrivalNs);
        if (arrivalNs is { } arrival)
        {
            _queue.Add(arrival, EventKind.Reply, operation.Client, 0, (long)outcome, operation);
        }
    }

    /// <summary>Something will happen to a member, unless it ends before.</summary>
    public void At(Member member, EventKind kind, long timeNs, long number, object? payload) => _queue.Add(timeNs, kind, member.Number, member.Incarnation, number, payload);

    /// <summary>Lets happen now what was put off, behind what is already to happen at this instant.</summary>
    public void TakeUp(Queue<ScheduledEvent> putOff)
    {
        while (putOff.TryDequeue(out ScheduledEvent next))
        {
            _queue.Postpone(next, NowNs);
        }
    }

    public void After(Member member, EventKind kind, long delayNs, long number, object? payload) => At(member, kind, NowNs + delayNs, number, payload);

    public void WakeClient(Client client, long timeNs, long ticket) => _queue.Add(timeNs, EventKind.ClientWakes, client.Number, 0, ticket, null);

    public void Later(long delayNs, Action action) => _queue.Add(NowNs + delayNs, EventKind.Action, -1, 0, 0, action);

    /// <summary>A member's process has ended by itself; whoever watches it starts it again.</summary>
    public void MemberStopped(Member member)
    {
        Count("members stopped by themselves");
        int incarnation = member.Incarnation;
        Later(200_000_000 + _random.Exponential(2_000_000_000), () =>
        {
            if (member.State == MemberState.Down && member.Incarnation == incarnation && Faults.MayRun(member))
            {
                Faults.BeforeStart(member);
                member.Start();
            }
        });
    }

    public void LeaseExpires(Member member, long lease)
    {
        Count("leases expired");
        History.LeaseExpires(member, lease);
    }

    /// <summary>One more of something that happens now and then.</summary>
    public void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    /// <summary>Something happened that belongs to what two runs of one seed share.</summary>
    public void Note(int member, string text, TraceKind kind = TraceKind.Note, TraceRole role = TraceRole.None, FaultKind? fault = null)
    {
        MixIn(text);
        Trace?.Note(NowNs, kind, member, text, role, fault);
    }

    /// <summary>The same for something that breaks for a while: the trace is told more than what two runs share.</summary>
    /// <returns>The number to mend it by.</returns>
    public int NoteFault(FaultKind fault, int member, string text, IReadOnlyList<int>? members = null, IReadOnlyList<int>? others = null, long endNs = -1)
    {
        MixIn(text);
        return Breaks(fault, member, text, members, others, endNs);
    }

    /// <summary>Something breaks. Only the trace is told.</summary>
    public int Breaks(FaultKind fault, int member, string text, IReadOnlyList<int>? members = null, IReadOnlyList<int>? others = null, long endNs = -1, int other = -1)
    {
        if (Trace is null)
        {
            return 0;
        }

        int span = Trace.NextSpan();
        Trace.Add(new TraceEvent { TimeNs = NowNs, Kind = TraceKind.Fault, Member = member, Other = other, Text = text, Fault = fault, Span = span, EndNs = endNs, Members = members ?? [], Others = others ?? [] });
        return span;
    }

    /// <summary>What broke for a while works again.</summary>
    public void NoteMend(int span, string text)
    {
        MixIn(text);
        Mends(span, -1, text);
    }

    /// <summary>What broke for a while works again. Only the trace is told.</summary>
    public void Mends(int span, int member, string text) => Trace?.Add(new TraceEvent { TimeNs = NowNs, Kind = TraceKind.Mend, Member = member, Text = text, Span = span });

    private void MixIn(string text)
    {
        foreach (char letter in text)
        {
            Mix(letter);
        }
    }

    private void Mix(ulong value)
    {
        ulong mixed = (EventHash ^ value) * 0xFF51AFD7ED558CCD;
        EventHash = mixed ^ (mixed >> 32);
    }

    private void Happen(in ScheduledEvent next)
    {
        if (next.Kind == EventKind.Action)
        {
            ((Action)next.Payload!)();
            return;
        }

        if (next.Kind == EventKind.ClientWakes)
        {
            _clients[next.Target].OnWake(next.Number);
            return;
        }

        if (next.Kind == EventKind.Reply)
        {
            _clients[next.Target].OnReply((Operation)next.Payload!, (Outcome)next.Number);
            return;
        }

        Member member = _members[next.Target];
        if (member.State == MemberState.Paused)
        {
            member.PutOff.Enqueue(next);
            return;
        }

        if (next.Kind == EventKind.Deliver)
        {
            _network.Between((int)next.Number, next.Target).InFlight--;
        }

        if (!member.IsRunning || (next.Incarnation != -1 && next.Incarnation != member.Incarnation))
        {
            return;
        }

        switch (next.Kind)
        {
            case EventKind.Deliver:
                member.Turn(new ReplicaInput.Received((PeerMessage)next.Payload!));
                break;
            case EventKind.Tick:
                member.OnTick();
                break;
            case EventKind.LogDone:
                member.OnLogDone(next.Number);
                break;
            case EventKind.ApplyDone:
                member.OnApply((List<Entry>)next.Payload!);
                break;
            case EventKind.LogReadDone:
                member.OnLogRead((LogRead)next.Payload!);
                break;
            case EventKind.InstallDone:
                member.OnInstall((SnapshotPoint)next.Payload!);
                break;
            case EventKind.SaveDone:
                member.OnSave(isWritten: next.Number != 0);
                break;
            case EventKind.CaptureDone:
                member.OnCapture((SnapshotSend)next.Payload!);
                break;
            case EventKind.SnapshotArrives:
                member.OnSnapshotArrives((SnapshotInTransit)next.Payload!);
                break;
            case EventKind.SnapshotSent:
                var transit = (SnapshotInTransit)next.Payload!;
                member.Turn(new ReplicaInput.SnapshotSent(transit.Send.To, transit.Delivered, transit.Point.Position.Index));
                break;
            case EventKind.Request:
                member.OnRequest((Operation)next.Payload!);
                break;
            case EventKind.Call:
                member.OnCall((CallMessage)next.Payload!);
                break;
            case EventKind.CallReply:
                member.OnCallReply((CallAnswer)next.Payload!);
                break;
            case EventKind.Sweep:
                member.OnSweep();
                break;
            case EventKind.Own:
                ((Action)next.Payload!)();
                break;
            case EventKind.Unreachable:
                member.Turn(new ReplicaInput.Unreachable(new MemberId((ulong)next.Number)));
                break;
        }
    }
}
