using Veche.Raft;
using Veche.Simulation.Clients;
using Veche.Simulation.Faults;
using Veche.Simulation.Members;

namespace Veche.Simulation.Tracing;

/// <summary>Keeps what happens in a world, to print or to draw.</summary>
/// <param name="maxDetails">
/// At most so many of the last messages, operations and moved indexes; 0 for all. What members are and what breaks is always kept: it is little,
/// and without it the rest could not be understood.
/// </param>
public sealed class TraceRecorder(int maxDetails = 0)
{
    private readonly List<(long Order, TraceEvent Event)> _kept = [];
    private readonly Queue<(long Order, TraceEvent Event)> _details = new();
    private long _order;
    private int _spans;

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<TraceEvent> Events => [.. _kept.Concat(_details).OrderBy(static numbered => numbered.Order).Select(static numbered => numbered.Event)];

    /// <summary>How many events were not kept.</summary>
    public long Dropped { get; private set; }

    /// <summary>From here on everything was kept, in nanoseconds since the world began.</summary>
    public long CompleteFromNs { get; private set; }

    /// <summary>Called with each event as it happens.</summary>
    public Action<TraceEvent>? Observer { get; set; }

    /// <summary>The number of a fault that will be mended.</summary>
    internal int NextSpan() => ++_spans;

    internal void Add(TraceEvent added)
    {
        if (added.Kind is TraceKind.Message or TraceKind.Operation or TraceKind.Progress)
        {
            _details.Enqueue((_order++, added));
            if (maxDetails > 0 && _details.Count > maxDetails)
            {
                Dropped++;
                CompleteFromNs = _details.Dequeue().Event.TimeNs;
            }
        }
        else
        {
            _kept.Add((_order++, added));
        }

        Observer?.Invoke(added);
    }

    internal void Note(long timeNs, TraceKind kind, int member, string text, TraceRole role = TraceRole.None, FaultKind? fault = null) =>
        Add(new TraceEvent { TimeNs = timeNs, Kind = kind, Member = member, Text = text, Role = role, Fault = fault });

    internal void Standing(long timeNs, Member member, Standing now, bool moved)
    {
        RaftCore core = member.Core;
        Add(new TraceEvent
        {
            TimeNs = timeNs,
            Kind = moved ? TraceKind.Progress : TraceKind.Role,
            Member = member.Number,
            Other = (int)now.Leader.Value - 1,
            Term = now.Term,
            Role = now.Role,
            Index = core.LastPosition.Index,
            Commit = now.Commit,
            Applied = now.Applied,
            Text = moved
                ? $"committed {now.Commit}, applied {now.Applied}"
                : $"{now.Role} of term {now.Term}, leader {core.Leader}, log {core.FirstIndex}..{core.LastPosition.Index}, durable {core.PersistedIndex}, committed {now.Commit}, applied {now.Applied}",
        });
    }

    internal void Message(int from, int to, long sentNs, long? arrivalNs, object body, bool again = false)
    {
        TraceEvent described = Describe(body);
        Add(described with { TimeNs = sentNs, Member = from, Other = to, EndNs = arrivalNs ?? -1, Text = again ? $"{described.Text}, repeated" : described.Text });
    }

    internal void Snapshot(int from, int to, long sentNs, long? arrivalNs, long index) =>
        Add(new TraceEvent { TimeNs = sentNs, Kind = TraceKind.Message, Member = from, Other = to, EndNs = arrivalNs ?? -1, Message = TraceMessage.Snapshot, Index = index, Text = $"snapshot at {index}" });

    internal void Lease(int from, int to, long sentNs, long? arrivalNs, string text) =>
        Add(new TraceEvent { TimeNs = sentNs, Kind = TraceKind.Message, Member = from, Other = to, EndNs = arrivalNs ?? -1, Message = TraceMessage.Lease, Text = text });

    internal void Client(bool isReply, Operation operation, int member, long sentNs, long? arrivalNs) => Add(new TraceEvent
    {
        TimeNs = sentNs,
        Kind = TraceKind.Message,
        Member = member,
        Client = operation.Client,
        EndNs = arrivalNs ?? -1,
        Message = isReply ? TraceMessage.Reply : TraceMessage.Request,
        Operation = operation.Kind,
        Text = isReply ? $"reply to operation {operation.Id}" : $"operation {operation.Id}: {operation.Question}",
    });

    internal void Operation(Operation operation, long endNs) => Add(new TraceEvent
    {
        TimeNs = endNs,
        Kind = TraceKind.Operation,
        Member = operation.Member,
        Client = operation.Client,
        CallNs = operation.CallNs,
        Index = operation.Revision,
        Outcome = operation.Outcome,
        Operation = operation.Kind,
        Text = operation.ToString(),
    });

    internal void Violated(Violation violation) => Note(violation.TimeNs, TraceKind.Violation, -1, $"{violation.Property}: {violation.Detail}");

    private static TraceEvent Describe(object body) => body switch
    {
        AppendRequest append => Described(TraceMessage.Append, append.Term, $"append {append.Previous.Index + 1}..{append.LastIndex} after term {append.Previous.Term}, commit {append.Commit}", append.LastIndex, append.Commit),
        AppendAccepted accepted => Described(TraceMessage.Append, accepted.Term, $"accepted through {accepted.Match}", accepted.Match),
        AppendRejected rejected => Described(TraceMessage.Append, rejected.Term, $"rejected after {rejected.RejectedIndex}, hint {rejected.Hint}", rejected.RejectedIndex),
        Heartbeat heartbeat => Described(TraceMessage.Heartbeat, heartbeat.Term, $"heartbeat {heartbeat.Round}, commit {heartbeat.Commit}", 0, heartbeat.Commit),
        HeartbeatReply reply => Described(TraceMessage.Heartbeat, reply.Term, $"heartbeat reply {reply.Round}"),
        VoteRequest request => Described(TraceMessage.Vote, request.Term, $"{(request.PreVote ? "pre-vote" : "vote")} request, log to {request.Last}", request.Last.Index),
        VoteReply reply => Described(TraceMessage.Vote, reply.Term, $"{(reply.PreVote ? "pre-vote" : "vote")} {(reply.Granted ? "granted" : "refused")}"),
        TimeoutNow now => Described(TraceMessage.Vote, now.Term, "campaign now"),
        ReadIndexRequest request => Described(TraceMessage.Read, request.Term, $"read index {request.ReadId}?"),
        ReadIndexReply reply => Described(TraceMessage.Read, reply.Term, $"read index {reply.ReadId} is {reply.Index}", reply.Index),
        Veche.Replica.ForwardedCommands forwarded => Described(TraceMessage.Forward, 0, $"forwards {forwarded.Commands.Count} commands"),
        AppendReceived received => Described(TraceMessage.Append, received.Term, $"has received through {received.Match}", received.Match),
        Veche.Replica.AcknowledgedCommands acknowledged => Described(TraceMessage.Forward, acknowledged.Term, $"acknowledges {acknowledged.Commands.Count} commands"),
        Veche.Replica.AppliedThrough applied => Described(TraceMessage.Forward, applied.Term, $"has applied through {applied.Index}", applied.Index),
        _ => Described(TraceMessage.Forward, 0, "refuses commands"),
    };

    private static TraceEvent Described(TraceMessage message, long term, string text, long index = 0, long commit = 0) =>
        new() { TimeNs = 0, Kind = TraceKind.Message, Message = message, Term = term, Text = text, Index = index, Commit = commit };
}
