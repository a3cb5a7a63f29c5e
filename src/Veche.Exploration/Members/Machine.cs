using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>
/// A core with a log, as a server holds it: what was written and what of it is durable, and the messages that wait for a write. Copied before
/// each move, so arrays are never written to after they were made.
/// </summary>
internal sealed class Machine
{
    private readonly Scenario _scenario;
    private readonly RaftOutput _output = new();
    private long _nowNs;
    private long _persistedWrite;

    /// <summary>A member as it is first started.</summary>
    public Machine(Scenario scenario, MemberId id)
    {
        _scenario = scenario;
        Base = new SnapshotPoint(LogPosition.Zero, id.Value <= (ulong)scenario.Voters ? scenario.Founders : Configuration.Empty);
        Core = new RaftCore(scenario.OptionsOf(id), new RaftStart { Base = Base }, 0);
    }

    private Machine(Machine other)
    {
        _scenario = other._scenario;
        _nowNs = other._nowNs;
        _persistedWrite = other._persistedWrite;
        Base = other.Base;
        Core = other.Core.Fork();
        Log = other.Log;
        DurableLog = other.DurableLog;
        DurableState = other.DurableState;
        Pending = other.Pending;
        Held = other.Held;
    }

    public RaftCore Core { get; private set; }

    public SnapshotPoint Base { get; }

    /// <summary>The entries from index 1 on, durable or not.</summary>
    public Entry[] Log { get; private set; } = [];

    /// <summary>The entries from index 1 on that a crash leaves.</summary>
    public Entry[] DurableLog { get; private set; } = [];

    public HardState DurableState { get; private set; }

    /// <summary>Writes that are under way, oldest first.</summary>
    public LogWrite[] Pending { get; private set; } = [];

    /// <summary>Messages that wait for a write, oldest first.</summary>
    public Outgoing[] Held { get; private set; } = [];

    /// <summary>What the last move sent.</summary>
    public List<Message> Sent { get; } = [];

    /// <summary>What became of reads in the last move.</summary>
    public List<ReadOutcome> Reads { get; } = [];

    /// <summary>The last move was a request that was refused.</summary>
    public bool Refused { get; private set; }

    public Machine Copy() => new(this);

    public void Describe(StateWriter writer)
    {
        Core.Describe(writer);
        writer.Describe(Log);
        writer.Describe(DurableLog);
        writer.Number(DurableState.Term);
        writer.Member(DurableState.Vote);
        writer.Number(Pending.Length);
        foreach (LogWrite write in Pending)
        {
            writer.Flag(write.HardState is not null);
            writer.Number(write.HardState?.Term ?? 0);
            writer.Member(write.HardState?.Vote ?? MemberId.None);
            writer.Number(write.KeepThrough ?? -1);
            writer.Describe([.. write.Entries]);
        }

        writer.Number(Held.Length);

        // What waits for the same write leaves together; in which order makes no difference to a network that keeps none.
        foreach (Outgoing held in writer.InOrder(Held, static held => held.Message.To).OrderBy(static held => held.AfterWrite))
        {
            writer.Number(held.AfterWrite - _persistedWrite);
            writer.Describe(held.Message);
        }
    }

    public void Do(Move move, MessageTable messages)
    {
        switch (move.Kind)
        {
            case MoveKind.Deliver:
                Step(new RaftInput.Received(messages[move.Argument]));
                break;
            case MoveKind.Persist:
                Persist();
                break;
            case MoveKind.TimeOut:
                // Later than any deadline that can have been drawn.
                _nowNs += 2 * ElectionTimeoutNs;
                Step(new RaftInput.Tick());
                break;
            case MoveKind.Heartbeat:
                _nowNs += 1_000_000L;
                Step(new RaftInput.Tick());
                break;
            case MoveKind.CheckQuorum:
                _nowNs += ElectionTimeoutNs;
                Step(new RaftInput.Tick());
                break;
            case MoveKind.Silence:
                // Time is handed in with an input; a message to nobody is the one that does nothing else.
                _nowNs += ElectionTimeoutNs;
                Step(new RaftInput.Received(new TimeoutNow(MemberId.None, MemberId.None, 0)));
                break;
            case MoveKind.Crash:
                Crash(move.Argument);
                break;
            case MoveKind.Propose:
                Step(new RaftInput.Propose([new byte[] { (byte)move.Argument }]));
                break;
            case MoveKind.Read:
                Step(new RaftInput.ReadIndex(move.Argument, AllowLease: false));
                break;
            case MoveKind.Change:
                Step(new RaftInput.ChangeConfiguration(_scenario.Changes[move.Argument]));
                break;
            case MoveKind.Transfer:
                Step(new RaftInput.TransferLeadership(Scenario.IdOf(move.Argument)));
                break;
            default:
                throw new ArgumentException($"Unknown move {move.Kind}.", nameof(move));
        }

        while (!_scenario.SlowDisks && Pending.Length > 0)
        {
            Persist();
        }
    }

    private long ElectionTimeoutNs => _scenario.OptionsOf(Core.Id).ElectionTimeoutMs * 1_000_000L;

    private void Step(RaftInput input)
    {
        _output.Clear();
        Core.Step(input, _nowNs, _output);
        Refused |= _output.Refusal != Refusal.None;
        Reads.AddRange(_output.Reads);
        if (_output.Write is { } write)
        {
            Log = Written(Log, write);
            Pending = [.. Pending, write];
        }

        foreach (Outgoing outgoing in _output.Messages)
        {
            if (outgoing.AfterWrite > _persistedWrite)
            {
                // Said twice is said once: whatever is sent may arrive more than once anyway.
                if (!Held.Any(held => held.Message == outgoing.Message))
                {
                    Held = [.. Held, outgoing];
                }
            }
            else
            {
                Send(outgoing.Message);
            }
        }
    }

    private void Persist()
    {
        LogWrite write = Pending[0];
        Pending = Pending[1..];
        MakeDurable(write);
        _persistedWrite = write.WriteId;
        Step(new RaftInput.Persisted(write.WriteId));

        // As the replica does: in order, after the core has heard of the write.
        int ready = 0;
        while (ready < Held.Length && Held[ready].AfterWrite <= _persistedWrite)
        {
            Send(Held[ready++].Message);
        }

        Held = Held[ready..];
    }

    private void Crash(int surviving)
    {
        for (int i = 0; i < surviving; i++)
        {
            MakeDurable(Pending[i]);
        }

        Pending = [];
        Held = [];
        Log = DurableLog;
        _persistedWrite = 0;
        Core = new RaftCore(
            _scenario.OptionsOf(Core.Id),
            new RaftStart
            {
                Base = Base,
                HardState = DurableState,
                Entries = [.. Log.Select(static entry => new EntrySummary(entry.Index, entry.Term, entry.SizeBytes, ConfigurationOf(entry)))],
            },
            _nowNs);
    }

    private static Configuration? ConfigurationOf(Entry entry) =>
        entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _) ? configuration : null;

    private void MakeDurable(LogWrite write)
    {
        DurableState = write.HardState ?? DurableState;
        DurableLog = Written(DurableLog, write);
    }

    private static Entry[] Written(Entry[] log, LogWrite write)
    {
        if (write.Reset is not null)
        {
            throw new NotSupportedException("Snapshots are not explored.");
        }

        return write.KeepThrough is null && write.Entries.Count == 0 ? log : [.. log.Take((int)(write.KeepThrough ?? log.Length)), .. write.Entries];
    }

    private void Send(Message message)
    {
        if (message is AppendRequest append && append.LastIndex > append.Previous.Index)
        {
            message = append with { Entries = Log[(int)append.Previous.Index..(int)append.LastIndex] };
        }

        RequireKept(message);
        Sent.Add(message);
    }

    /// <summary>What a message promises must be durable when it leaves.</summary>
    private void RequireKept(Message message)
    {
        switch (message)
        {
            case VoteReply { PreVote: false, Granted: true } reply when !IsDurable(reply.Term, reply.To):
                throw new BrokenRuleException("a vote leaves before it is durable", $"{Core.Id} votes for {reply.To} in term {reply.Term}; durable is term {DurableState.Term} with a vote for {Name(DurableState.Vote)}");
            case VoteRequest { PreVote: false } request when !IsDurable(request.Term, Core.Id):
                throw new BrokenRuleException("a candidate asks for votes before its own is durable", $"{Core.Id} in term {request.Term}; durable is term {DurableState.Term} with a vote for {Name(DurableState.Vote)}");
            case AppendAccepted accepted when accepted.Match > DurableLog.Length || accepted.Term > DurableState.Term:
                throw new BrokenRuleException("entries are acknowledged before they are durable", $"{Core.Id} says in term {accepted.Term} that it holds {accepted.Match}; durable are term {DurableState.Term} and {DurableLog.Length} entries");
        }
    }

    private bool IsDurable(long term, MemberId vote) => DurableState.Term > term || DurableState == new HardState(term, vote);

    private static string Name(MemberId member) => member.IsNone ? "nobody" : member.ToString();
}
